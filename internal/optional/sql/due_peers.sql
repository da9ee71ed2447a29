-- $1 app, $2 sessions that ended after this time, $3 most, $4 now. Newest first, those
-- that failed before last. A participant's own id is its peer as the documents
-- say; their sample shows events of another one, which is a peer too. Reports may
-- come late: "none" is final once a day has passed since the session's end, unless it
-- was noted by a clock that was ahead. Sessions of which no peer is left are marked
-- (peers_asked.sql), so that they are not looked at.
SELECT p.session_id, p.participant_id, k.peer_id
FROM realtimekit.sessions AS s
JOIN sync.session_states AS st USING (session_id)
JOIN realtimekit.participants AS p USING (session_id)
CROSS JOIN LATERAL (
    SELECT q.participant_id AS peer_id
    FROM realtimekit.participants AS q
    WHERE q.session_id = p.session_id AND q.participant_id = p.participant_id
    UNION
    SELECT e.peer_id::uuid
    FROM realtimekit.peer_events AS e
    WHERE e.session_id = p.session_id AND e.participant_id = p.participant_id
      AND e.event_name IN ('PEER_JOINING', 'PEER_LEAVING')
      AND e.peer_id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$') AS k
LEFT JOIN sync.peer_report_states AS t
    ON t.session_id = p.session_id AND t.participant_id = p.participant_id AND t.peer_id = k.peer_id
WHERE st.app_id = $1 AND st.settled_at IS NOT NULL AND st.peers_asked_at IS NULL AND s.status = 'ENDED'
  AND coalesce(s.ended_at, s.updated_at, s.started_at) > $2
  AND p.joined_at IS NOT NULL
  -- The ids of somebody who was pseudonymised are made up.
  AND NOT (coalesce(p.display_name, '') ~ '^erased-[a-z2-7]{16}$' AND substr(p.participant_id::text, 15, 1) = '8')
  AND (t.outcome IS NULL OR t.outcome IN ('failed', 'rejected') AND t.attempts < 5
       OR t.outcome = 'none' AND (t.asked_at < coalesce(s.ended_at, s.updated_at, s.started_at) + interval '1 day' OR t.asked_at > now())
          AND coalesce(s.ended_at, s.updated_at, s.started_at) + interval '1 day' <= $4)
ORDER BY coalesce(t.attempts, 0), coalesce(s.ended_at, s.updated_at, s.started_at) DESC, p.session_id, p.joined_at, k.peer_id
LIMIT $3

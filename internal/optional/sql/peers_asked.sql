-- $1 app, $2 sessions that ended after this time. Marks the settled sessions of
-- which no peer is to be asked for, now or later, by the rules of due_peers.sql:
-- a "none" may be asked for again until it is final. Peers that a transaction
-- under way brings are not seen here: it has changed the row, or will when this
-- is done, and a row that is not the one that was looked at is left alone.
UPDATE sync.session_states AS t
SET peers_asked_at = now()
FROM (SELECT st.session_id, st.xmin AS version
      FROM sync.session_states AS st
      JOIN realtimekit.sessions AS s USING (session_id)
      CROSS JOIN LATERAL (SELECT coalesce(s.ended_at, s.updated_at, s.started_at) AS ended_at) AS e
      WHERE st.app_id = $1 AND st.settled_at IS NOT NULL AND st.peers_asked_at IS NULL AND s.status = 'ENDED'
        AND NOT (coalesce(e.ended_at > $2, false) AND EXISTS (
            SELECT 1 FROM realtimekit.participants AS p
            CROSS JOIN LATERAL (
                SELECT q.participant_id AS peer_id
                FROM realtimekit.participants AS q
                WHERE q.session_id = p.session_id AND q.participant_id = p.participant_id
                UNION
                SELECT v.peer_id::uuid
                FROM realtimekit.peer_events AS v
                WHERE v.session_id = p.session_id AND v.participant_id = p.participant_id
                  AND v.event_name IN ('PEER_JOINING', 'PEER_LEAVING')
                  AND v.peer_id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$') AS k
            LEFT JOIN sync.peer_report_states AS r
                ON r.session_id = p.session_id AND r.participant_id = p.participant_id AND r.peer_id = k.peer_id
            WHERE p.session_id = st.session_id AND p.joined_at IS NOT NULL
              AND NOT (coalesce(p.display_name, '') ~ '^erased-[a-z2-7]{16}$' AND substr(p.participant_id::text, 15, 1) = '8')
              AND (r.outcome IS NULL OR r.outcome IN ('failed', 'rejected') AND r.attempts < 5
                   OR r.outcome = 'none' AND (r.asked_at < e.ended_at + interval '1 day' OR r.asked_at > now()))))) AS done
WHERE t.session_id = done.session_id AND t.xmin = done.version

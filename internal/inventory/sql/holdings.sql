-- $1 app, $2 ids, $3 from, $4 to: the app's sessions created in [from, to), where
-- one without any time lies at the very start, and those of the ids. A session that
-- failed before it could be stored has a state and no row.
SELECT s.session_id, s.app_id, true, coalesce(s.meeting_id, ''), coalesce(s.meeting_title, ''), coalesce(s.session_type, ''),
       coalesce(s.status, ''), s.max_concurrent_participants::double precision, s.minutes_consumed,
       s.started_at, s.ended_at, s.created_at, s.updated_at,
       (SELECT count(*) FROM realtimekit.participants AS p WHERE p.session_id = s.session_id AND p.removed_at IS NULL),
       (SELECT count(*) FROM sync.rejected_records AS r
        WHERE r.session_id = s.session_id AND r.entity = 'participant' AND r.resolved_at IS NULL),
       (SELECT count(*) FROM sync.rejected_records AS r
        WHERE r.session_id = s.session_id AND r.entity = 'peer_event' AND r.resolved_at IS NULL),
       coalesce(t.erased_participants, 0), t.settled_at IS NOT NULL, t.gone_at IS NOT NULL, coalesce(t.last_error, '')
FROM realtimekit.sessions AS s LEFT JOIN sync.session_states AS t USING (session_id)
WHERE s.session_id = ANY ($2::uuid[])
   OR s.app_id = $1 AND coalesce(s.created_at, s.started_at, '-infinity') >= $3
      AND coalesce(s.created_at, s.started_at, '-infinity') < $4
UNION ALL
SELECT t.session_id, t.app_id, false, '', '', '', '', NULL, NULL, NULL, NULL, t.created_at, NULL, 0, 0, 0,
       0, false, t.gone_at IS NOT NULL, coalesce(t.last_error, '')
FROM sync.session_states AS t
WHERE t.session_id = ANY ($2::uuid[])
  AND NOT EXISTS (SELECT FROM realtimekit.sessions AS s WHERE s.session_id = t.session_id)

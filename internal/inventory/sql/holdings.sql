-- $1 app, $2 ids, $3 from, $4 to: the app's sessions created in [from, to), where
-- one without any time lies at the very start, and those of the ids. A session that
-- failed before it could be stored has a state and no row. Rejected records lie beside the
-- distributed tables of a cluster, and are put to the sessions afterwards.
WITH held AS MATERIALIZED (
    SELECT s.session_id, s.app_id, coalesce(s.meeting_id, '') AS meeting_id, coalesce(s.meeting_title, '') AS meeting_title,
           coalesce(s.session_type, '') AS session_type, coalesce(s.status, '') AS status,
           s.max_concurrent_participants::double precision AS most, s.minutes_consumed,
           s.started_at, s.ended_at, s.created_at, s.updated_at,
           (SELECT count(*) FROM realtimekit.participants AS p WHERE p.session_id = s.session_id AND p.removed_at IS NULL) AS participants,
           coalesce(t.erased_participants, 0) AS erased, t.settled_at IS NOT NULL AS is_settled, t.gone_at IS NOT NULL AS is_gone,
           coalesce(t.last_error, '') AS problem
    FROM realtimekit.sessions AS s LEFT JOIN sync.session_states AS t ON t.session_id = s.session_id
    WHERE s.session_id = ANY ($2::uuid[])
       OR s.app_id = $1 AND coalesce(s.created_at, s.started_at, '-infinity') >= $3
          AND coalesce(s.created_at, s.started_at, '-infinity') < $4
), failed AS MATERIALIZED (
    SELECT t.session_id, t.app_id, t.created_at, t.gone_at IS NOT NULL AS is_gone, coalesce(t.last_error, '') AS problem
    FROM sync.session_states AS t
    WHERE t.session_id = ANY ($2::uuid[])
      AND NOT EXISTS (SELECT 1 FROM realtimekit.sessions AS s WHERE s.session_id = t.session_id)
)
SELECT h.session_id, h.app_id, true, h.meeting_id, h.meeting_title, h.session_type, h.status, h.most, h.minutes_consumed,
       h.started_at, h.ended_at, h.created_at, h.updated_at, h.participants,
       (SELECT count(*) FROM sync.rejected_records AS r
        WHERE r.session_id = h.session_id AND r.entity = 'participant' AND r.resolved_at IS NULL),
       (SELECT count(*) FROM sync.rejected_records AS r
        WHERE r.session_id = h.session_id AND r.entity = 'peer_event' AND r.resolved_at IS NULL),
       h.erased, h.is_settled, h.is_gone, h.problem
FROM held AS h
UNION ALL
SELECT session_id, app_id, false, '', '', '', '', NULL, NULL, NULL, NULL, created_at, NULL, 0, 0, 0, 0, false, is_gone, problem
FROM failed

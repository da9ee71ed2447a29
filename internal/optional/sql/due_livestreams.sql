-- $1 app, $2 meetings that have a livestream, $3 how many. Settled sessions that may have
-- been streamed and whose livestream is still to be asked for, newest first.
SELECT s.session_id
FROM realtimekit.sessions AS s
JOIN sync.session_states AS st ON st.session_id = s.session_id AND st.settled_at IS NOT NULL
LEFT JOIN sync.livestream_states AS t ON t.session_id = s.session_id
WHERE (s.app_id = $1 AND s.session_type = 'livestream' OR s.app_id = $1 AND s.meeting_id = ANY ($2::text[])) -- an index each
  AND (t.outcome IS NULL OR t.outcome = 'failed' AND t.attempts < 5)
ORDER BY coalesce(t.attempts, 0), s.created_at DESC, s.session_id
LIMIT $3

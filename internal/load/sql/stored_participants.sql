-- $1 session.
SELECT {columns}, removed_at IS NOT NULL
FROM realtimekit.participants
WHERE session_id = $1

-- $1 session.
SELECT {columns}
FROM realtimekit.participants
WHERE session_id = $1 AND removed_at IS NULL

-- $1 session.
SELECT {columns}
FROM realtimekit.peer_events
WHERE session_id = $1

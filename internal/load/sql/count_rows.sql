-- $1 session. How many participants and events of it are stored.
SELECT (SELECT count(*) FROM realtimekit.participants WHERE session_id = $1),
       (SELECT count(*) FROM realtimekit.peer_events WHERE session_id = $1)

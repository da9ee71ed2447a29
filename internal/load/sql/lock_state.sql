-- $1 session, $2 when the reading in hand began.
SELECT coalesce(read_at > $2, false)
FROM sync.session_states
WHERE session_id = $1
FOR UPDATE

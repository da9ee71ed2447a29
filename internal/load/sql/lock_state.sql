-- $1 session, $2 when the reading in hand began. Whatever is about to be stored
-- may bring peers that nobody has asked for.
UPDATE sync.session_states
SET peers_asked_at = NULL
WHERE session_id = $1
RETURNING coalesce(read_at > $2, false)

-- $1 session, $2 when the reading in hand began. Whatever is about to be stored
-- may bring peers that nobody has asked for. A reading of the future, noted by an
-- older version on a machine whose clock was ahead, is no later one.
WITH locked AS (
    UPDATE sync.session_states
    SET peers_asked_at = NULL
    WHERE session_id = $1
    RETURNING read_at
)
SELECT coalesce(read_at > $2 AND read_at <= clock_timestamp(), false) FROM locked

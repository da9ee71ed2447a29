-- $1 session, $2 app, $3 run. Makes the session's state where there is none, locks it, and
-- gives when the reading began that is stored. Whatever is about to be stored may bring
-- peers that nobody has asked for.
INSERT INTO sync.session_states (session_id, app_id, run_id)
VALUES ($1, $2, $3)
ON CONFLICT (session_id) DO UPDATE SET peers_asked_at = NULL
RETURNING read_at

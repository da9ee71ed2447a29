-- $1 session, $2 app, $3 run.
INSERT INTO sync.session_states (session_id, app_id, run_id)
VALUES ($1, $2, $3)
ON CONFLICT (session_id) DO NOTHING

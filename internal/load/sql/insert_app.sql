-- $1 app, $2 account, $3 run. An app is otherwise written when the apps are listed.
INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id)
VALUES ($1, $2, now(), now(), $3)
ON CONFLICT (app_id) DO NOTHING

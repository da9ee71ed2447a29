-- $1 app, $2 meeting, $3 title, $4 run.
INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id)
VALUES ($1, $2, $3, now(), now(), $4)
ON CONFLICT (app_id, meeting_id) DO NOTHING

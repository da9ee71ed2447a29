-- $1 app, $2 meeting, $3 title, $4 run.
INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id)
SELECT $1, $2, $3, now(), now(), $4
WHERE NOT EXISTS (SELECT FROM realtimekit.meetings WHERE app_id = $1 AND meeting_id = $2)
ON CONFLICT (app_id, meeting_id) DO NOTHING

-- $1 app, $2 meeting, $3 title, $4 run.
UPDATE realtimekit.meetings
SET title = $3, synced_at = now(), run_id = $4
WHERE app_id = $1 AND meeting_id = $2 AND title IS DISTINCT FROM $3

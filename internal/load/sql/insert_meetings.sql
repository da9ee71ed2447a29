-- $1 apps, $2 meetings, $3 titles, one element each a meeting; $4 run.
INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id)
SELECT m.app_id, m.meeting_id, m.title, now(), now(), $4::bigint
FROM unnest($1::text[], $2::text[], $3::text[]) AS m (app_id, meeting_id, title)
ON CONFLICT (app_id, meeting_id) DO NOTHING

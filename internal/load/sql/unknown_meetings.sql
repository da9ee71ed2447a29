-- $1 apps and $2 meetings, one element each a meeting. Those that have no row.
SELECT m.app_id, m.meeting_id
FROM unnest($1::text[], $2::text[]) AS m (app_id, meeting_id)
LEFT JOIN realtimekit.meetings AS t ON t.app_id = m.app_id AND t.meeting_id = m.meeting_id
WHERE t.meeting_id IS NULL

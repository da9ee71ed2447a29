-- Meetings of the timetable, of excuses and of settings that an account ($1) does not have.
-- One of lessons to come, or with settings, may be read yet, unless it is another spelling
-- of one that is there.
SELECT DISTINCT t.meeting_id COLLATE "C" AS meeting_id
FROM (SELECT app_id, meeting_id, starts_at FROM analytics.timetable UNION ALL SELECT app_id, meeting_id, starts_at FROM analytics.excuses
      UNION ALL SELECT app_id, meeting_id, 'infinity' FROM analytics.settings) AS t
JOIN realtimekit.apps AS a ON a.app_id = t.app_id
LEFT JOIN realtimekit.meetings AS m ON m.app_id = t.app_id AND m.meeting_id = t.meeting_id
LEFT JOIN realtimekit.meetings AS o ON o.app_id = t.app_id AND o.meeting_id = lower(btrim(t.meeting_id))
WHERE a.account_id = $1 AND t.meeting_id <> '' AND m.meeting_id IS NULL AND (t.starts_at < now() OR o.meeting_id IS NOT NULL)
ORDER BY 1

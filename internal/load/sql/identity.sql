-- $1 app. Who its people are, and whether its days are others than those of UTC: by its
-- time zone, or by that of days which rollcall retention keeps. And the time, here: on a
-- node of a cluster it is another.
SELECT coalesce(k.person_by = 'user_id', false), k.nobody_ids, k.machine_presets, k.machine_names,
       analytics.zone_of($1) <> 'UTC'
       OR EXISTS (SELECT 1 FROM analytics.usage_days AS u WHERE u.app_id = $1 AND u.time_zone <> 'UTC'),
       now(), clock_timestamp()
FROM (VALUES ($1::text)) AS a (app_id)
LEFT JOIN analytics.settings AS k ON k.app_id = a.app_id AND k.meeting_id = ''

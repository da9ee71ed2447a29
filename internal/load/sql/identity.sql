-- $1 app, $2 session, $3 and $4 first and last UTC day on which somebody may be inside, null
-- where nobody asks. Who the app's people are; its time zone and, where that is not UTC, when
-- the days begin from the one before $3 to the second after $4; whether days that rollcall
-- retention keeps may have a say in which zone counts, which only analytics.derive knows. And
-- the time, here: on a node of a cluster it is another.
SELECT coalesce(k.person_by = 'user_id', false), k.nobody_ids, k.machine_presets, k.machine_names, z.time_zone,
       CASE WHEN z.time_zone <> 'UTC' THEN ARRAY (
           SELECT analytics.day_starts_at($3::date + n, z.time_zone) FROM generate_series(-1, $4::date - $3::date + 2) AS n ORDER BY n) END,
       (z.time_zone <> 'UTC' OR EXISTS (SELECT 1 FROM analytics.usage_days AS u WHERE u.app_id = $1 AND u.time_zone <> 'UTC'))
       AND (EXISTS (SELECT 1 FROM analytics.session_dates AS g
                    WHERE g.is_gone AND g.app_id = $1 AND g.usage_date BETWEEN $3::date - 1 AND $4::date + 1)
            OR EXISTS (SELECT 1 FROM analytics.session_dates AS d
                       JOIN analytics.session_dates AS g ON g.is_gone AND g.app_id = d.app_id AND g.usage_date = d.usage_date
                       WHERE d.session_id = $2)),
       now(), clock_timestamp()
FROM (VALUES ($1::text)) AS a (app_id)
CROSS JOIN LATERAL (SELECT analytics.zone_of(a.app_id) AS time_zone) AS z
LEFT JOIN analytics.settings AS k ON k.app_id = a.app_id AND k.meeting_id = ''

-- $1 app, $2 session, $3 UTC days in order, from the one before somebody may be inside to the
-- second after, null where nobody asks. Who the app's people are; its time zone and, where that
-- is not UTC, when the days begin; whether days that rollcall retention keeps may have a say in
-- which zone counts, which only analytics.derive knows. And the time, here: on a node of a
-- cluster it is another. Days as an array are few to the planner, so that one plan is kept.
SELECT coalesce(k.person_by = 'user_id', false), k.nobody_ids, k.machine_presets, k.machine_names, z.time_zone,
       CASE WHEN z.time_zone <> 'UTC' THEN ARRAY (
           SELECT analytics.day_starts_at(d.usage_date, z.time_zone)
           FROM unnest($3::date[]) WITH ORDINALITY AS d (usage_date, no) ORDER BY d.no) END,
       (z.time_zone <> 'UTC' OR EXISTS (SELECT 1 FROM analytics.usage_days AS u WHERE u.app_id = $1 AND u.time_zone <> 'UTC'))
       AND (EXISTS (SELECT 1 FROM analytics.session_dates AS g
                    WHERE g.is_gone AND g.app_id = $1 AND g.usage_date BETWEEN ($3::date[])[1] AND ($3::date[])[cardinality($3::date[]) - 1])
            OR EXISTS (SELECT 1 FROM analytics.session_dates AS d
                       JOIN analytics.session_dates AS g ON g.is_gone AND g.app_id = d.app_id AND g.usage_date = d.usage_date
                       WHERE d.session_id = $2)),
       now(), clock_timestamp()
FROM (VALUES ($1::text)) AS a (app_id)
CROSS JOIN LATERAL (SELECT analytics.zone_of(a.app_id) AS time_zone OFFSET 0) AS z -- asked once
LEFT JOIN analytics.settings AS k ON k.app_id = a.app_id AND k.meeting_id = ''

-- $1 account. Its apps whose days are not simply those of UTC: where they live, how many
-- days are still those of another time zone, whether sessions wait to be counted anew, and
-- how many days rollcall retention keeps so.
WITH queued AS MATERIALIZED (
    SELECT DISTINCT session_id FROM analytics.stale_sessions
), waiting AS MATERIALIZED (
    SELECT DISTINCT s.app_id FROM realtimekit.sessions AS s JOIN queued AS q ON q.session_id = s.session_id
)
SELECT coalesce(a.name, a.app_id), z.zone, coalesce(d.older, 0), coalesce(d.kept, 0),
       d.older > 0 AND a.app_id IN (SELECT w.app_id FROM waiting AS w)
FROM realtimekit.apps AS a
CROSS JOIN LATERAL (SELECT analytics.zone_of(a.app_id) AS zone OFFSET 0) AS z
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE NOT k.is_kept) AS older, count(*) FILTER (WHERE k.is_kept) AS kept
    FROM analytics.usage_days AS u
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT 1 FROM analytics.session_dates AS g
                                       WHERE g.is_gone AND g.app_id = u.app_id AND g.usage_date = u.usage_date) AS is_kept) AS k
    WHERE u.app_id = a.app_id AND u.time_zone <> z.zone) AS d ON true
WHERE a.account_id = $1 AND (z.zone <> 'UTC' OR a.app_id IN (SELECT app_id FROM analytics.usage_days WHERE time_zone <> 'UTC'))
ORDER BY 1, 2

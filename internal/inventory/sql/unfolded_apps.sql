-- Apps whose id is a UUID that is not in lower case.
SELECT app_id
FROM (SELECT app_id FROM realtimekit.apps UNION SELECT app_id FROM sync.app_states UNION SELECT app_id FROM sync.suppressions) AS a
WHERE app_id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' AND app_id <> lower(app_id)
ORDER BY app_id

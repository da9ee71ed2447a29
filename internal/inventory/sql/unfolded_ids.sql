-- Ids that are UUIDs, or of accounts, and not in lower case: accounts first, then apps,
-- then meetings, which an index of its own finds.
WITH RECURSIVE ran AS (
    (SELECT account_id FROM sync.runs ORDER BY account_id LIMIT 1)
    UNION ALL
    SELECT (SELECT r.account_id FROM sync.runs AS r WHERE r.account_id > ran.account_id ORDER BY r.account_id LIMIT 1)
    FROM ran WHERE ran.account_id IS NOT NULL
), ids AS (
    SELECT 'account' AS kind, account_id AS id
    FROM (SELECT account_id FROM ran WHERE account_id IS NOT NULL UNION SELECT account_id FROM realtimekit.apps UNION SELECT account_id FROM sync.app_states
          UNION SELECT account_id FROM sync.backfills UNION SELECT account_id FROM sync.verifications
          UNION SELECT account_id FROM sync.checks UNION SELECT account_id FROM sync.retention_horizons) AS a
    UNION ALL
    SELECT 'app', app_id
    FROM (SELECT app_id FROM realtimekit.apps UNION SELECT app_id FROM sync.app_states UNION SELECT app_id FROM sync.suppressions) AS a
    UNION ALL
    SELECT DISTINCT 'meeting', meeting_id FROM realtimekit.meetings WHERE meeting_id <> lower(meeting_id)
)
SELECT kind, id
FROM ids
WHERE id <> lower(id)
  AND (id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' OR kind = 'account' AND id ~* '^[0-9a-f]{32}$')
ORDER BY kind, id

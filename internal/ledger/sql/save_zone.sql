-- $1 account, $2 its time zone, null for none: written where it changed, since a change
-- computes days anew.
INSERT INTO sync.account_zones AS t (account_id, time_zone)
SELECT $1, $2
WHERE (SELECT z.time_zone FROM sync.account_zones AS z WHERE z.account_id = $1) IS DISTINCT FROM $2
ON CONFLICT (account_id) DO UPDATE SET time_zone = excluded.time_zone

-- $1 account, $2 its apps, $3 in how many seconds they are listed again: nobody waits for what
-- is of another app. The jobs of its sessions find that out when they are due; one that reads
-- of it and runs now is left to the next time. The watermark has passed these sessions. It goes
-- with them, so that the app is listed from its beginning when it comes back. A list of the app
-- that runs now would set it again: such an app waits for the next time. Backfills stay, and
-- wait until after the next list of apps, which puts them off again.
WITH sessions AS (
    DELETE FROM sync.session_jobs AS s WHERE s.account_id = $1 AND s.app_id NOT IN (SELECT unnest($2::text[]))
      AND NOT EXISTS (SELECT 1 FROM rollcall_queue.river_job AS r
                      WHERE r.kind = 'list_app' AND r.state = 'running' AND r.args ->> 'account_id' = $1 AND r.args ->> 'app_id' = s.app_id)
    RETURNING s.app_id),
again AS (UPDATE sync.app_states SET watermark = NULL WHERE app_id IN (SELECT app_id FROM sessions)),
backfills AS (
    UPDATE rollcall_queue.river_job SET state = 'scheduled', scheduled_at = greatest(scheduled_at, now() + 2 * $3::float8 * interval '1 second')
    WHERE kind = 'backfill_chunk' AND args ->> 'account_id' = $1 AND args ->> 'app_id' <> '' AND args ->> 'app_id' NOT IN (SELECT unnest($2::text[]))
      AND state IN ('available', 'pending', 'retryable', 'scheduled'))
DELETE FROM rollcall_queue.river_job
WHERE kind IN ('list_app', 'optional_reads') AND args ->> 'account_id' = $1 AND args ->> 'app_id' NOT IN (SELECT unnest($2::text[]))
  AND state IN ('available', 'pending', 'retryable', 'scheduled')

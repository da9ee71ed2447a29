-- $1 account, $2 its apps: nobody waits for what is of another app. The jobs of its sessions
-- find that out when they are due; one that reads of it and runs now is left to the next time.
WITH sessions AS (
    DELETE FROM sync.session_jobs WHERE account_id = $1 AND app_id NOT IN (SELECT unnest($2::text[])))
DELETE FROM rollcall_queue.river_job
WHERE kind IN ('list_app', 'optional_reads', 'backfill_chunk') AND args ->> 'account_id' = $1 AND args ->> 'app_id' <> '' AND args ->> 'app_id' NOT IN (SELECT unnest($2::text[]))
  AND state IN ('available', 'pending', 'retryable', 'scheduled')

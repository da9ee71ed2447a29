-- $1 account: backfills that are not done, and whether workers do them. One that no worker
-- has come to yet stands at its beginning. One that was given up may run for a moment longer.
WITH queued AS (
    SELECT args ->> 'app_id' AS app_id, (args ->> 'from')::timestamptz AS range_from,
           coalesce((args ->> 'to')::timestamptz, 'infinity') AS range_to, (args ->> 'full')::boolean AS is_full, created_at
    FROM rollcall_queue.river_job
    WHERE kind = 'backfill_chunk' AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled') AND args ->> 'account_id' = $1
      AND NOT metadata ? 'cancel_attempted_at')
SELECT app_id, range_from, nullif(range_to, 'infinity'), coalesce(b.checkpoint, range_from), coalesce(b.saved_at, q.created_at), is_full,
       q.created_at IS NOT NULL
FROM (SELECT * FROM sync.backfills WHERE account_id = $1) AS b
FULL JOIN queued AS q USING (app_id, range_from, range_to, is_full)
ORDER BY range_from, range_to, is_full, app_id

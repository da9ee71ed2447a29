-- $1 account: the jobs of its backfills, and why those failed that did.
SELECT id, args, coalesce(errors[cardinality(errors)] ->> 'error', '')
FROM rollcall_queue.river_job
WHERE kind = 'backfill_chunk' AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled') AND args ->> 'account_id' = $1
  AND NOT metadata ? 'cancel_attempted_at'
ORDER BY id

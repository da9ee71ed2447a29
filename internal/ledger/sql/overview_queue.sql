-- $1 account, $2 its queues: how they stand; no row where nothing is in them and no worker is alive.
-- Nobody waits for sessions of history or of backfills (priorities 3 and 4).
WITH jobs AS (
    SELECT count(*) FILTER (WHERE state <> 'running' AND scheduled_at <= now()) AS due,
           count(*) FILTER (WHERE state <> 'running' AND scheduled_at > now()) AS later,
           count(*) FILTER (WHERE state = 'running') AS running,
           count(*) FILTER (WHERE cardinality(errors) > 0) AS failing
    FROM rollcall_queue.river_job WHERE queue = ANY ($2) AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled')),
workers AS (
    SELECT count(DISTINCT worker) AS alive FROM sync.runs
    WHERE account_id = $1 AND kind = 'work' AND status = 'running' AND worker_is_alive(worker))
SELECT due, later, running, failing, alive, (
    SELECT min(s.due_at) FROM sync.session_jobs AS s JOIN rollcall_queue.river_job AS r ON r.id = s.job_id
    WHERE s.account_id = $1 AND s.due_at <= now() AND r.state <> 'running' AND r.priority < 3 AND coalesce(cardinality(r.errors), 0) = 0)
FROM jobs, workers WHERE due + later + running + alive > 0

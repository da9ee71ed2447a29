-- How the queue stands, by account. A session waits from when its job was due, however
-- often that was put off since; one that fails is counted as that, and not as waiting. Nobody
-- waits for those of history or of a backfill (priorities 3 and 4). A job of no account is of
-- all: where it fails, each has one that does. An account has no app until its list of apps
-- does not fail any more.
WITH jobs AS (
    SELECT args ->> 'account_id' AS account_id,
           count(*) FILTER (WHERE state <> 'running' AND scheduled_at <= now()) AS due,
           count(*) FILTER (WHERE state <> 'running' AND scheduled_at > now()) AS later,
           count(*) FILTER (WHERE state = 'running') AS running,
           count(*) FILTER (WHERE cardinality(errors) > 0) AS failing
    FROM rollcall_queue.river_job WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled') GROUP BY 1),
waiting AS (
    SELECT s.account_id, extract(epoch FROM now() - min(s.due_at))::float8 AS age
    FROM sync.session_jobs AS s JOIN rollcall_queue.river_job AS r ON r.id = s.job_id
    WHERE s.due_at <= now() AND r.state <> 'running' AND r.priority < 3 AND coalesce(cardinality(r.errors), 0) = 0 GROUP BY 1),
missed AS (
    SELECT a.account_id, sum(w.missed)::bigint AS sessions
    FROM sync.app_webhooks AS w JOIN realtimekit.apps AS a USING (app_id) GROUP BY 1),
workers AS (
    SELECT account_id, count(DISTINCT worker) AS alive FROM sync.runs
    WHERE kind = 'work' AND status = 'running' AND worker_is_alive(worker) GROUP BY 1)
SELECT account_id, coalesce(age, 0), coalesce(due, 0), coalesce(later, 0), coalesce(running, 0),
       coalesce(failing, 0) + coalesce((SELECT failing FROM jobs WHERE account_id IS NULL), 0),
       coalesce(sessions, 0), coalesce(alive, 0)
FROM (SELECT account_id FROM realtimekit.apps UNION SELECT account_id FROM jobs) AS a
LEFT JOIN jobs USING (account_id) LEFT JOIN waiting USING (account_id) LEFT JOIN missed USING (account_id) LEFT JOIN workers USING (account_id)
WHERE account_id IS NOT NULL
ORDER BY account_id

-- $1 app, $2 priority of sessions that nobody waits for.
SELECT EXISTS (
    SELECT 1 FROM sync.session_jobs AS s JOIN rollcall_queue.river_job AS r ON r.id = s.job_id
    WHERE s.app_id = $1 AND s.due_at <= now() AND r.state IN ('available', 'running') AND r.priority < $2 AND coalesce(cardinality(r.errors), 0) = 0)

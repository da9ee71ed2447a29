-- Sessions whose job should have run and is not there any more.
SELECT s.session_id, s.account_id, s.app_id, now() FROM sync.session_jobs AS s
WHERE s.due_at < now() - interval '1 minute'
  AND NOT EXISTS (SELECT FROM rollcall_queue.river_job AS r WHERE r.id = s.job_id AND r.state IN ('available', 'pending', 'retryable', 'running', 'scheduled'))
ORDER BY s.session_id
FOR UPDATE SKIP LOCKED
LIMIT 1000

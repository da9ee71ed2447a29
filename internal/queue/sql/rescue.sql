-- Jobs that run by a worker whose lock nobody holds are to be run again; that is no
-- attempt of theirs. (River 0.51: state, attempt, attempted_by, scheduled_at.)
UPDATE rollcall_queue.river_job AS j SET state = 'available', attempt = greatest(j.attempt - 1, 0), scheduled_at = now()
WHERE j.state = 'running' AND NOT worker_is_alive(j.attempted_by[array_upper(j.attempted_by, 1)])

-- $1 queue, $2 priority of sessions that nobody waits for, $3 how many are enough.
SELECT count(*) >= $3 FROM (
    SELECT 1 FROM rollcall_queue.river_job
    WHERE state = 'available' AND queue = $1 AND priority = $2 AND kind = 'sync_session' LIMIT $3) AS j

-- $1 queues, $2 over how many seconds to look back, $3 River's channel: wakes whoever works
-- for a queue in which the time of a job has come since. Each priority of a queue is one
-- range of the index that River fetches with, however many jobs wait.
SELECT pg_notify($3, json_build_object('queue', q.name)::text)
FROM unnest($1::text[]) AS q (name)
WHERE EXISTS (
    SELECT 1 FROM generate_series(1, 4) AS p (priority), LATERAL (
        SELECT 1 FROM rollcall_queue.river_job AS j
        WHERE j.state = 'available' AND j.queue = q.name AND j.priority = p.priority::smallint
          AND j.scheduled_at <= now() AND j.scheduled_at > now() - $2 * interval '1 second' LIMIT 1) AS j)

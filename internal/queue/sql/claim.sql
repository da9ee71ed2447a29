-- $1 session, $2 worker, $3 job: takes the session unless another worker that is alive has
-- it. A job in whose place another one came finds no row.
WITH row AS (SELECT * FROM sync.session_jobs WHERE session_id = $1 AND job_id = $3 FOR UPDATE),
free AS (
    SELECT session_id FROM row WHERE reader IS NULL OR reader = $2 OR NOT worker_is_alive(row.reader)),
taken AS (UPDATE sync.session_jobs AS j SET reader = $2 FROM free WHERE j.session_id = free.session_id RETURNING j.session_id)
SELECT app_id, has_ended, looks, wanted, EXISTS (SELECT FROM taken) FROM row

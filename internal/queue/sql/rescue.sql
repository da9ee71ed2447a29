-- Jobs that run by a worker whose lock nobody holds are to be run again; that is no
-- attempt of theirs. (River 0.51: state, attempt, attempted_by, scheduled_at.)
WITH held AS MATERIALIZED (
    SELECT (l.classid::bigint << 32 | l.objid::bigint) AS key FROM pg_locks AS l
    WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
UPDATE rollcall_queue.river_job AS j SET state = 'available', attempt = greatest(j.attempt - 1, 0), scheduled_at = now()
WHERE j.state = 'running'
  AND hashtextextended('rollcall::work:' || j.attempted_by[array_upper(j.attempted_by, 1)], 0) NOT IN (SELECT key FROM held)

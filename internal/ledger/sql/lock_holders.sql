-- $1 account, $2 kinds of run: who holds their locks, and who those of its workers. An
-- advisory lock's number is split into two halves. What a role may not see of another's
-- connection is null.
SELECT k.kind, l.pid, coalesce(a.usename::text, ''), coalesce(a.application_name, ''), coalesce(host(a.client_addr), ''),
       coalesce(r.run_id, 0), coalesce(r.started_at, a.backend_start)
FROM (SELECT unnest($2::text[]) AS kind, NULL AS worker
      UNION SELECT 'work', worker FROM sync.runs WHERE account_id = $1 AND kind = 'work' AND status = 'running') AS k
JOIN pg_locks AS l ON l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
 AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(coalesce('rollcall::work:' || k.worker, 'rollcall:' || $1 || ':' || k.kind), 0)
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
LEFT JOIN sync.runs AS r ON r.account_id = $1 AND r.kind = k.kind AND r.status = 'running' AND r.worker IS NOT DISTINCT FROM k.worker
ORDER BY k.kind, r.run_id DESC

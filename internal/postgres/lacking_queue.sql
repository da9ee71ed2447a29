-- What the role may not do of what serve and work do beside a run: make, take and delete
-- jobs, which are River's, and what they are about.
WITH needed (name, privilege) AS (
    SELECT c.oid, p.privilege
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace,
         unnest(CASE WHEN n.nspname = 'sync' THEN '{DELETE}'::text[] ELSE '{SELECT,INSERT,UPDATE,DELETE}' END) AS p (privilege)
    WHERE c.relkind IN ('r', 'p')
      AND (n.nspname = 'sync' AND c.relname IN ('session_jobs', 'webhook_events')
           OR n.nspname = 'rollcall_queue' AND c.relname IN ('river_job', 'river_leader', 'river_notification', 'river_queue'))
)
SELECT 'USAGE on schema ' || nspname FROM pg_namespace
WHERE nspname = 'rollcall_queue' AND NOT has_schema_privilege(oid, 'USAGE')
UNION ALL
SELECT privilege || ' on ' || string_agg(name::regclass::text, ', ' ORDER BY name::regclass::text)
FROM needed WHERE NOT has_table_privilege(name, privilege)
GROUP BY privilege
UNION ALL
SELECT 'USAGE on ' || string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'rollcall_queue' AND c.relname IN ('river_job_id_seq', 'river_notification_id_seq') AND c.relkind = 'S' AND NOT has_sequence_privilege(c.oid, 'USAGE')
HAVING count(*) > 0
UNION ALL
SELECT 'EXECUTE on ' || string_agg(DISTINCT n.nspname || '.' || p.proname, ', ')
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = 'rollcall_queue' AND p.proname = 'river_job_state_in_bitmask' AND NOT has_function_privilege(p.oid, 'EXECUTE')
HAVING count(*) > 0
ORDER BY 1

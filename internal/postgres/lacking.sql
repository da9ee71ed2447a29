-- $1 the tables and views that migrations make, $2 the functions. What the role may not do
-- of all that a run does: read and write the data and the ledger, and keep the usage by
-- day. Views are for others to read, and whoever writes a row calls no function of a trigger.
WITH needed (name, privilege) AS (
    SELECT t.oid, p.privilege
    FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace,
         unnest(CASE
             WHEN t.relname IN ('schema_migrations', 'distributed_tables') THEN '{SELECT}'::text[]
             WHEN n.nspname = 'analytics' AND t.relname IN ('prices', 'settings', 'timetable', 'excuses') THEN '{SELECT}'
             WHEN n.nspname = 'analytics' OR t.relname IN ('backfills', 'verifications') THEN '{SELECT,INSERT,UPDATE,DELETE}'
             ELSE '{SELECT,INSERT,UPDATE}' END) AS p (privilege)
    WHERE n.nspname || '.' || t.relname = ANY ($1::text[]) AND t.relkind IN ('r', 'p')
)
SELECT 'USAGE on schema ' || nspname FROM pg_namespace
WHERE nspname IN ('realtimekit', 'sync', 'analytics') AND NOT has_schema_privilege(oid, 'USAGE')
UNION ALL
SELECT privilege || ' on ' || string_agg(name::regclass::text, ', ' ORDER BY name::regclass::text)
FROM needed WHERE NOT has_table_privilege(name, privilege)
GROUP BY privilege
UNION ALL
SELECT 'EXECUTE on ' || string_agg(DISTINCT n.nspname || '.' || p.proname, ', ')
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname || '.' || p.proname = ANY ($2::text[]) AND p.prorettype <> 'trigger'::regtype AND NOT has_function_privilege(p.oid, 'EXECUTE')
HAVING count(*) > 0
ORDER BY 1

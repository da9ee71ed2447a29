-- $1 kinds, $2 schemas, $3 names and $4 versions of what the migrations make, $5 the
-- newest applied one: what of the pending ones is there already. A schema is no
-- obstacle where the role may act as its owner: others' things in it are left alone.
WITH wanted AS (
    SELECT kind, schema, name, to_regnamespace(schema) AS namespace
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS w (kind, schema, name, version)
    WHERE version > $5 OR version = 0 AND $5 = 0
)
SELECT DISTINCT format('the schema %I of the role %I', nspname, pg_get_userbyid(nspowner))
FROM pg_namespace WHERE nspname IN (SELECT schema FROM wanted) AND NOT pg_has_role(nspowner, 'USAGE') AND $5 = 0
UNION
SELECT format('the %s %I.%I', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence' ELSE 'table' END, w.schema, w.name)
FROM wanted AS w JOIN pg_class AS c ON c.relnamespace = w.namespace AND c.relname = w.name
WHERE w.kind IN ('relation', 'index', 'type')
  AND NOT (w.schema = 'sync' AND w.name = 'schema_migrations'
           AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'is_applied')) -- of a program that went all the way down
UNION
SELECT format('the type %I.%I', w.schema, w.name)
FROM wanted AS w JOIN pg_type AS t ON t.typnamespace = w.namespace AND t.typname = w.name
WHERE w.kind IN ('relation', 'type') AND t.typrelid = 0
UNION
SELECT format('the function %I.%I', w.schema, w.name)
FROM wanted AS w JOIN pg_proc AS p ON p.pronamespace = w.namespace AND p.proname = w.name
WHERE w.kind = 'function'
ORDER BY 1

-- The prefixes before the schemas of other warehouses of this database, the empty one
-- among them: what stands before the name of a schema that has our books. The pattern of
-- LIKE is no name, and stays as it is under a prefix.
SELECT left(n.nspname, -4)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = 'schema_migrations' AND n.nspname LIKE '%sync' AND n.nspname <> 'sync'
  AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'is_applied')
  AND EXISTS (SELECT FROM pg_class AS s WHERE s.relnamespace = n.oid AND s.relname = 'session_states')
ORDER BY 1

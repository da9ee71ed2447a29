-- $1 our tables: on only where row-level security is in force for the role and every
-- such table has a policy. Whether these hide a row is asked before anything rests on it.
SELECT set_config('row_security', CASE WHEN bool_and(EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid)) THEN 'on' ELSE 'off' END, false)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname || '.' || c.relname = ANY ($1::text[]) AND c.relrowsecurity AND row_security_active(c.oid)

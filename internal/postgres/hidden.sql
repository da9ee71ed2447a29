-- $1 our tables: those of which row-level security hides rows from the role, or keeps
-- it from writing some. One permissive policy for all commands, or one for each, that
-- asks for nothing hides none, unless a restrictive one asks for more.
SELECT c.oid::regclass::text
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname || '.' || c.relname = ANY ($1::text[]) AND c.relrowsecurity AND row_security_active(c.oid)
  AND (EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND NOT p.polpermissive
               AND (p.polroles = '{0}' OR EXISTS (SELECT FROM unnest(p.polroles) AS r WHERE pg_has_role(r, 'USAGE'))))
       OR EXISTS (
           SELECT FROM unnest('{r,a,w,d}'::"char"[]) AS command
           WHERE has_table_privilege(c.oid, CASE command WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END)
             AND NOT EXISTS (
               SELECT FROM pg_policy AS p
               WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', command)
                 AND coalesce(pg_get_expr(p.polqual, c.oid), 'true') = 'true' AND coalesce(pg_get_expr(p.polwithcheck, c.oid), 'true') = 'true'
                 AND (p.polroles = '{0}' OR EXISTS (SELECT FROM unnest(p.polroles) AS r WHERE pg_has_role(r, 'USAGE'))))))
ORDER BY 1

-- $1 our tables, $2 a role: the statements that let it see and write the rows that
-- row-level security hides from it. See hidden.sql, which asks of the role that asks.
SELECT format('CREATE POLICY %I ON %s%s TO %1$I USING (true)', r.rolname, c.oid::regclass, CASE WHEN has_table_privilege(r.oid, c.oid, 'INSERT') THEN '' ELSE ' FOR SELECT' END)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, pg_roles AS r
WHERE n.nspname || '.' || c.relname = ANY ($1::text[]) AND c.relrowsecurity AND r.rolname = $2
  AND has_any_column_privilege(r.oid, c.oid, 'SELECT')
  AND NOT r.rolsuper AND NOT r.rolbypassrls AND (c.relforcerowsecurity OR NOT pg_has_role(r.oid, c.relowner, 'USAGE'))
  AND EXISTS (
      SELECT FROM unnest('{r,a,w,d}'::"char"[]) AS command
      WHERE (command = 'r' OR has_table_privilege(r.oid, c.oid, CASE command WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END))
        AND NOT EXISTS (
            SELECT FROM pg_policy AS p
            WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', command)
              AND coalesce(pg_get_expr(p.polqual, c.oid), 'true') = 'true' AND coalesce(pg_get_expr(p.polwithcheck, c.oid), 'true') = 'true'
              AND (p.polroles = '{0}' OR EXISTS (SELECT FROM unnest(p.polroles) AS g WHERE pg_has_role(r.oid, g, 'USAGE')))))
ORDER BY c.oid::regclass::text

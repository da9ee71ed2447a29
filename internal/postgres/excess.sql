-- $1 a role that loads, $2 our tables and views: what takes from everybody (PUBLIC), and
-- so from the role, what it does not need.
SELECT format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', nspname) FROM pg_namespace
WHERE nspname NOT LIKE 'pg\_%' AND has_schema_privilege($1::text, oid, 'CREATE')
UNION ALL
SELECT format('REVOKE CREATE ON DATABASE %I FROM PUBLIC', current_database())
WHERE has_database_privilege($1::text, current_database(), 'CREATE')
UNION ALL
SELECT format('REVOKE %s ON %s FROM PUBLIC', string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), c.oid::regclass)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, aclexplode(c.relacl) AS a
WHERE n.nspname || '.' || c.relname = ANY ($2::text[]) AND a.grantee = 0 AND a.privilege_type <> 'SELECT'
  AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) AS own JOIN pg_roles AS r ON r.oid = own.grantee
                  WHERE r.rolname = $1::text AND own.privilege_type = a.privilege_type)
GROUP BY c.oid

-- The roles that rollcall reader and rollcall loader made or renewed, by the rights that
-- only these give, and whether each loads.
SELECT r.rolname::text, 'INSERT' = ANY (g.rights)
FROM (SELECT a.grantee, array_agg(a.privilege_type ORDER BY a.privilege_type) AS rights
      FROM pg_class AS c, aclexplode(c.relacl) AS a
      WHERE c.oid = to_regclass('sync.runs') AND a.grantee <> c.relowner
      GROUP BY a.grantee) AS g
JOIN pg_roles AS r ON r.oid = g.grantee
WHERE NOT r.rolsuper
  AND (g.rights = '{INSERT,SELECT,UPDATE}'
       OR g.rights = '{SELECT}' AND EXISTS (
          SELECT FROM pg_attribute AS t, aclexplode(t.attacl) AS a
          WHERE t.attrelid = to_regclass('sync.rejected_records') AND t.attname = 'reason' AND a.grantee = g.grantee))
ORDER BY 1

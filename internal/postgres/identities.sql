-- Every column of ours that Postgres numbers, with its sequence and what the role
-- may do with it. Names are quoted for use in a statement.
SELECT format('%I.%I', n.nspname, c.relname), quote_ident(a.attname), format('%I.%I', sn.nspname, sc.relname), q.seqincrement,
       has_sequence_privilege(sc.oid, 'SELECT') AND has_table_privilege(c.oid, 'SELECT'), has_sequence_privilege(sc.oid, 'UPDATE')
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.deptype = 'i'
JOIN pg_sequence AS q ON q.seqrelid = d.objid
JOIN pg_class AS sc ON sc.oid = q.seqrelid
JOIN pg_namespace AS sn ON sn.oid = sc.relnamespace
WHERE n.nspname IN ('realtimekit', 'sync', 'analytics') AND a.attidentity <> ''
ORDER BY 1, 2

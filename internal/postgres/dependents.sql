-- $1 schemas and $2 relations that are taken back, $3 everything that the migrations
-- make: what is of others and would go as well, or lose something. Views are found by
-- what their rules read, also through other views; a table that refers to one that
-- goes loses the reference only.
WITH RECURSIVE schemas AS (
    SELECT oid FROM pg_namespace WHERE nspname = ANY ($1)
), touched (class, object, goes) AS (
    SELECT 'pg_class'::regclass::oid, oid, true FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM schemas)
       OR oid IN (SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname || '.' || c.relname = ANY ($2::text[]))
    UNION
    SELECT 'pg_proc'::regclass::oid, oid, true FROM pg_proc WHERE pronamespace IN (SELECT oid FROM schemas)
    UNION
    SELECT 'pg_type'::regclass::oid, oid, true FROM pg_type WHERE typnamespace IN (SELECT oid FROM schemas)
    UNION
    SELECT CASE WHEN d.classid = 'pg_proc'::regclass THEN d.classid ELSE 'pg_class'::regclass::oid END,
           coalesce(r.ev_class, k.conrelid, g.tgrelid, f.adrelid, p.polrelid, d.objid),
           d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)
    FROM touched AS t
    JOIN pg_depend AS d ON d.refclassid = t.class AND d.refobjid = t.object AND d.deptype = 'n'
     AND d.classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_rewrite'::regclass, 'pg_constraint'::regclass,
                       'pg_trigger'::regclass, 'pg_attrdef'::regclass, 'pg_policy'::regclass)
    LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    LEFT JOIN pg_constraint AS k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    LEFT JOIN pg_trigger AS g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
    LEFT JOIN pg_attrdef AS f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
    LEFT JOIN pg_policy AS p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
    WHERE t.goes
)
SELECT format('%s %I.%I', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                                         WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END, n.nspname, c.relname)
FROM touched AS t JOIN pg_class AS c ON t.class = 'pg_class'::regclass AND c.oid = t.object JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind NOT IN ('i', 'I', 't') AND n.nspname || '.' || c.relname <> ALL ($3::text[])
  AND NOT EXISTS (SELECT FROM pg_depend AS own WHERE own.classid = 'pg_class'::regclass AND own.objid = c.oid
                  AND own.refclassid = 'pg_class'::regclass AND own.deptype IN ('a', 'i') AND c.relkind = 'S') -- its table's
UNION
SELECT format('function %I.%I', n.nspname, p.proname)
FROM touched AS t JOIN pg_proc AS p ON t.class = 'pg_proc'::regclass AND p.oid = t.object JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname || '.' || p.proname <> ALL ($3::text[])
UNION
SELECT format('type %I.%I', n.nspname, y.typname)
FROM touched AS t JOIN pg_type AS y ON t.class = 'pg_type'::regclass AND y.oid = t.object JOIN pg_namespace AS n ON n.oid = y.typnamespace
WHERE y.typtype IN ('e', 'd', 'r', 'b') AND NOT EXISTS (SELECT FROM pg_type AS e WHERE e.typarray = y.oid) AND n.nspname || '.' || y.typname <> ALL ($3::text[])
ORDER BY 1

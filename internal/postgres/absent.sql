-- $1 tables, views and sequences, $2 functions that the migrations make: those that are
-- not there.
SELECT name FROM unnest($1::text[]) AS w (name)
WHERE NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                  WHERE n.nspname || '.' || c.relname = w.name)
UNION
SELECT name FROM unnest($2::text[]) AS w (name)
WHERE NOT EXISTS (SELECT FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
                  WHERE n.nspname || '.' || p.proname = w.name)
ORDER BY name

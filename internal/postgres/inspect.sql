SELECT current_setting('server_version'), clock_timestamp(),
       pg_is_in_recovery(), pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean,
       EXISTS (SELECT FROM pg_settings WHERE name = 'default_transaction_read_only' AND setting = 'on' AND source IN ('user', 'database user')),
       -- Of those who copy an ordinary role sees that they are there.
       NOT pg_is_in_recovery() AND current_setting('synchronous_standby_names') <> '' AND current_setting('synchronous_commit') NOT IN ('off', 'local')
         AND NOT EXISTS (SELECT FROM pg_stat_replication),
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
       coalesce((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()), ''),
       r.rolname::text, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
       pg_database_size(d.oid),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
       -- What another role's connection is for is not shown to an ordinary role; that it has
       -- a user and a database is.
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL AND usesysid IS NOT NULL AND datid IS NOT NULL),
       CASE WHEN r.rolconnlimit < 0 OR r.rolsuper THEN -1 ELSE r.rolconnlimit END,
       CASE WHEN d.datconnlimit < 0 OR r.rolsuper THEN -1 ELSE d.datconnlimit END,
       has_database_privilege(d.oid, 'TEMP'), has_database_privilege(d.oid, 'CREATE'),
       CASE WHEN pg_has_role(r.oid, 'pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') ELSE '' END
FROM pg_roles AS r, pg_database AS d
WHERE r.rolname = current_user AND d.datname = current_database()

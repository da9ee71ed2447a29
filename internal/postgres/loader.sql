-- What the role that loads may do: what run, backfill, serve, work, verify, status, doctor,
-- rejects and pseudonymise need, and nothing else. The setting rollcall.role names it, else
-- it is rollcall_loader. Run again, it comes to the same. To be run by a role that owns the
-- tables and has CREATEROLE, or by a superuser.
DO $$
DECLARE
    loader CONSTANT text := coalesce(nullif(current_setting('rollcall.role', true), ''), 'rollcall_loader');
    number oid;
    statement text;
    target record;
    rights text;
BEGIN
    -- Where Citus has the tables: rights on one after the other, in one transaction.
    PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
    -- Two at once would both find no role, and would change the rights on the same
    -- tables, which the server refuses.
    PERFORM pg_advisory_xact_lock(hashtextextended('rollcall:roles', 0));
    -- To others who have some right on a table, GRANT only warns and does nothing.
    IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'sync.runs'::regclass), 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of the tables of the warehouse' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT oid INTO number FROM pg_roles WHERE rolname = loader;
    IF number IS NULL THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', loader);
        EXECUTE format('COMMENT ON ROLE %I IS %L', loader, 'Writes what Rollcall gathers and changes no table definition; made by: rollcall loader.');
    ELSIF EXISTS (SELECT FROM pg_roles WHERE oid = number
                  AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls))
          OR EXISTS (SELECT FROM pg_auth_members WHERE member = number)
          OR EXISTS (SELECT FROM pg_shdepend AS d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = number AND d.deptype = 'o'
                     AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                     AND NOT EXISTS (SELECT FROM pg_class AS c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relpersistence = 't')) THEN
        RAISE EXCEPTION 'the role % exists and may do more than load: it has an attribute such as CREATEDB, is a member of another role, or owns something; take that away, or drop it', loader
            USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF (SELECT bool_or(a.privilege_type = 'SELECT') AND NOT bool_or(a.privilege_type = 'INSERT')
           FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = 'sync.runs'::regclass AND a.grantee = number) THEN
        RAISE EXCEPTION 'the role % only reads the warehouse, and would be given more; name another for the jobs that load', loader
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    -- TEMPORARY: rows of large sessions wait in temporary tables.
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO %I', current_database(), loader);
    EXECUTE format('GRANT USAGE ON SCHEMA analytics, realtimekit, sync TO %I', loader);
    FOR target IN -- of ours
        SELECT p.oid::regprocedure AS name FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE n.nspname || '.' || p.proname = ANY (string_to_array(current_setting('rollcall.functions'), ' '))
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', target.name, loader);
    END LOOP;

    -- Table by table, since a right to write on a view would be one on the tables
    -- behind it. What the API showed is never deleted; of the books only what a
    -- backfill or a verification notes while it is under way, and what webhooks ask
    -- for; the usage by day is computed anew.
    FOR target IN
        SELECT c.oid::regclass AS name, c.relkind, n.nspname, n.nspname || '.' || c.relname AS relation
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname || '.' || c.relname = ANY (string_to_array(current_setting('rollcall.relations'), ' ')) AND c.relkind IN ('r', 'p', 'v', 'm')
    LOOP
        rights := CASE
            WHEN target.relkind NOT IN ('r', 'p') THEN 'SELECT'
            WHEN target.relation IN ('sync.schema_migrations', 'sync.distributed_tables', 'analytics.prices', 'analytics.settings', 'analytics.timetable', 'analytics.excuses') THEN 'SELECT'
            WHEN target.nspname = 'analytics' OR target.relation IN ('sync.backfills', 'sync.verifications', 'sync.session_jobs', 'sync.webhook_events') THEN 'SELECT, INSERT, UPDATE, DELETE'
            ELSE 'SELECT, INSERT, UPDATE'
        END;
        EXECUTE format('REVOKE ALL ON %s FROM %I', target.name, loader);
        EXECUTE format('GRANT %s ON %s TO %I', rights, target.name, loader);
    END LOOP;

    -- Numbers that are behind their rows, as in a copy without sequences, are set
    -- right by the next run: those of the tables that it writes.
    FOR target IN
        SELECT s.oid::regclass AS name, has_table_privilege(loader, d.refobjid, 'INSERT') AS writes
        FROM pg_depend AS d JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_class AS t ON t.oid = d.refobjid JOIN pg_namespace AS n ON n.oid = t.relnamespace
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
          AND n.nspname || '.' || t.relname = ANY (string_to_array(current_setting('rollcall.relations'), ' '))
    LOOP
        EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %I', target.name, loader);
        EXECUTE format('GRANT SELECT%s ON SEQUENCE %s TO %I', CASE WHEN target.writes THEN ', UPDATE' ELSE '' END, target.name, loader);
    END LOOP;

    -- The job queue, whose tables are the library's own: by name, since what else stands
    -- there is somebody else's.
    IF to_regnamespace('rollcall_queue') IS NOT NULL THEN
        EXECUTE format('GRANT USAGE ON SCHEMA rollcall_queue TO %I', loader);
        EXECUTE format('REVOKE ALL ON rollcall_queue.river_migration FROM %I', loader);
        FOREACH rights IN ARRAY ARRAY['river_job', 'river_leader', 'river_queue', 'river_notification'] LOOP
            EXECUTE format('REVOKE ALL ON rollcall_queue.%I FROM %I', rights, loader);
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON rollcall_queue.%I TO %I', rights, loader);
        END LOOP;
        EXECUTE format('GRANT USAGE ON SEQUENCE rollcall_queue.river_job_id_seq, rollcall_queue.river_notification_id_seq TO %I', loader);
        EXECUTE format('GRANT EXECUTE ON FUNCTION rollcall_queue.river_job_state_in_bitmask TO %I', loader);
    END IF;

    -- Earlier programs gave rights on whatever the owner makes later in these schemas,
    -- also for purposes of his own. Migrations give them on what they make.
    FOR target IN
        SELECT DISTINCT r.rolname AS owner, n.nspname
        FROM pg_default_acl AS d JOIN pg_roles AS r ON r.oid = d.defaclrole JOIN pg_namespace AS n ON n.oid = d.defaclnamespace,
             aclexplode(d.defaclacl) AS a
        WHERE d.defaclobjtype = 'r' AND a.grantee = number AND n.nspname IN ('realtimekit', 'sync', 'analytics')
          AND r.oid = (SELECT relowner FROM pg_class WHERE oid = 'sync.runs'::regclass)
    LOOP
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I REVOKE ALL ON TABLES FROM %I', target.owner, target.nspname, loader);
    END LOOP;

    -- Names without a schema are looked up nowhere else, whoever may create in
    -- public. Only this needs CREATEROLE once the role is there, and since PostgreSQL 16
    -- the ADMIN OPTION; where it may not be set, that is told (rollcall.unset).
    IF NOT EXISTS (SELECT FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole
                   WHERE r.rolname = loader AND 'search_path=pg_catalog' = ANY (s.setconfig)
                     AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())) THEN
        statement := format('ALTER ROLE %I IN DATABASE %I SET search_path TO pg_catalog', loader, current_database());
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'not done: %', statement;
            PERFORM set_config('rollcall.unset', statement, true);
        END;
    END IF;
END
$$;

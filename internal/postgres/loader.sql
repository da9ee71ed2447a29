-- What rollcall_loader may do: what run, backfill, verify, status, doctor, rejects and
-- pseudonymise need, and nothing else. Run again, it comes to the same. To be run by a role that owns
-- the tables and has CREATEROLE, or by a superuser.
DO $$
DECLARE
    target record;
    rights text;
BEGIN
    -- Two at once would both find no role, and would change the rights on the same
    -- tables, which the server refuses.
    PERFORM pg_advisory_xact_lock(hashtextextended('rollcall:roles', 0));
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_loader') THEN
        CREATE ROLE rollcall_loader NOLOGIN NOINHERIT;
        COMMENT ON ROLE rollcall_loader IS 'Writes what Rollcall gathers and changes no table definition; made by: rollcall loader.';
    ELSIF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_loader'
                  AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls))
          OR EXISTS (SELECT FROM pg_auth_members WHERE member = 'rollcall_loader'::regrole)
          OR EXISTS (SELECT FROM pg_shdepend AS d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = 'rollcall_loader'::regrole AND d.deptype = 'o'
                     AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                     AND NOT EXISTS (SELECT FROM pg_class AS c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relpersistence = 't')) THEN
        RAISE EXCEPTION 'the role rollcall_loader exists and may do more than load: it has an attribute such as CREATEDB, is a member of another role, or owns something; take that away, or drop it'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    -- TEMPORARY: rows of large sessions wait in temporary tables.
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO rollcall_loader', current_database());
    GRANT USAGE ON SCHEMA analytics, realtimekit, sync TO rollcall_loader;
    FOR target IN -- of ours
        SELECT p.oid::regprocedure AS name FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE n.nspname || '.' || p.proname = ANY (string_to_array(current_setting('rollcall.functions'), ' '))
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO rollcall_loader', target.name);
    END LOOP;

    -- Table by table, since a right to write on a view would be one on the tables
    -- behind it. What the API showed is never deleted; of the books only what a
    -- backfill or a verification notes while it is under way; the usage by day is
    -- computed anew.
    FOR target IN
        SELECT c.oid::regclass AS name, c.relkind, n.nspname
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname || '.' || c.relname = ANY (string_to_array(current_setting('rollcall.relations'), ' ')) AND c.relkind IN ('r', 'p', 'v', 'm')
    LOOP
        rights := CASE
            WHEN target.relkind NOT IN ('r', 'p') THEN 'SELECT'
            WHEN target.name IN ('sync.schema_migrations'::regclass, 'analytics.prices'::regclass) THEN 'SELECT'
            WHEN target.nspname = 'analytics' OR target.name IN ('sync.backfills'::regclass, 'sync.verifications'::regclass) THEN 'SELECT, INSERT, UPDATE, DELETE'
            ELSE 'SELECT, INSERT, UPDATE'
        END;
        EXECUTE format('REVOKE ALL ON %s FROM rollcall_loader', target.name);
        EXECUTE format('GRANT %s ON %s TO rollcall_loader', rights, target.name);
    END LOOP;

    -- Tables that later migrations make, so that a run after an upgrade need not wait
    -- for this command, unless one of them is a table of usage.
    ALTER DEFAULT PRIVILEGES IN SCHEMA realtimekit, sync GRANT SELECT, INSERT, UPDATE ON TABLES TO rollcall_loader;
    ALTER DEFAULT PRIVILEGES IN SCHEMA analytics GRANT SELECT ON TABLES TO rollcall_loader;

    -- Names without a schema are looked up nowhere else, whoever may create in
    -- public. Only this needs CREATEROLE once the role is there.
    IF NOT EXISTS (SELECT FROM pg_db_role_setting
                   WHERE setrole = 'rollcall_loader'::regrole AND 'search_path=pg_catalog' = ANY (setconfig)
                     AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())) THEN
        EXECUTE format('ALTER ROLE rollcall_loader IN DATABASE %I SET search_path = pg_catalog', current_database());
    END IF;
END
$$;

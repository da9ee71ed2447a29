-- What rollcall_reader may see. Run again, it comes to the same.
DO $$
DECLARE
    columns text;
    too_much text;
    target record;
    setting text;
BEGIN
    -- Two at once would both find no role, and would change the rights on the same
    -- tables, which the server refuses.
    PERFORM pg_advisory_xact_lock(hashtextextended('rollcall:roles', 0));
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_reader') THEN
        CREATE ROLE rollcall_reader NOLOGIN;
        COMMENT ON ROLE rollcall_reader IS 'Reads what Rollcall gathered, for BI tools; made by: rollcall reader.';
    ELSIF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_reader'
                  AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)) THEN
        RAISE EXCEPTION 'the role rollcall_reader exists and may do more than read; drop it, or take its attributes away'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    EXECUTE format('GRANT CONNECT ON DATABASE %I TO rollcall_reader', current_database());
    GRANT USAGE ON SCHEMA analytics, realtimekit, sync TO rollcall_reader;

    FOR target IN -- ours, whatever else stands beside them
        SELECT c.oid::regclass AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname || '.' || c.relname = ANY (string_to_array(current_setting('rollcall.relations'), ' ')) AND c.relkind IN ('r', 'p', 'v', 'm')
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM rollcall_reader', target.name);
        EXECUTE format('GRANT SELECT ON %s TO rollcall_reader', target.name);
    END LOOP;
    REVOKE SELECT ON sync.rejected_records FROM rollcall_reader;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = 'sync.rejected_records'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'raw_text';
    EXECUTE 'GRANT SELECT (' || columns || ') ON sync.rejected_records TO rollcall_reader';

    -- Tables that later migrations make. Not in sync: one of them might hold raw
    -- text, and this command can be run again.
    ALTER DEFAULT PRIVILEGES IN SCHEMA analytics, realtimekit GRANT SELECT ON TABLES TO rollcall_reader;

    -- What is granted to PUBLIC, or to a role that this one is a member of, it may
    -- do as well.
    SELECT format('%s on %s', p.privilege, c.oid::regclass) INTO too_much
    FROM pg_class AS c
    CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p (privilege)
    WHERE c.oid IN (SELECT to_regclass(name) FROM unnest(string_to_array(current_setting('rollcall.relations'), ' ')) AS name)
      AND c.relkind IN ('r', 'v', 'm', 'p') AND has_table_privilege('rollcall_reader', c.oid, p.privilege)
    ORDER BY c.oid, p.privilege LIMIT 1;
    IF has_column_privilege('rollcall_reader', 'sync.rejected_records', 'raw_text', 'SELECT') THEN
        too_much := 'SELECT on sync.rejected_records.raw_text';
    END IF;
    IF too_much IS NOT NULL THEN
        RAISE EXCEPTION 'the role rollcall_reader would have %, by a grant to PUBLIC or to a role that it belongs to; revoke that', too_much
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    -- Courtesies, which a user may switch off: rights do not rest on them. What is set
    -- already is left alone, since only that needs CREATEROLE once the role is there.
    -- Compiling a plan (jit) takes longer than reading one session.
    FOREACH setting IN ARRAY ARRAY['default_transaction_read_only=on', 'TimeZone=UTC',
                                   'search_path=analytics, realtimekit', 'statement_timeout=5min', 'jit=off']
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_db_role_setting
            WHERE setrole = 'rollcall_reader'::regrole AND setting = ANY (setconfig)
              AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()));
        EXECUTE format('ALTER ROLE rollcall_reader IN DATABASE %I SET %s TO %s',
                       current_database(), split_part(setting, '=', 1),
                       replace(quote_literal(split_part(setting, '=', 2)), ', ', $q$', '$q$));
    END LOOP;
END
$$;

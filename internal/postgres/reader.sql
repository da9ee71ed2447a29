-- What a role for BI tools may see: the role that the setting rollcall.role names, else
-- rollcall_reader. Run again, it comes to the same.
DO $$
DECLARE
    reader CONSTANT text := coalesce(nullif(current_setting('rollcall.role', true), ''), 'rollcall_reader');
    columns text;
    too_much text;
    target record;
    setting text;
    statement text;
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
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', reader);
        EXECUTE format('COMMENT ON ROLE %I IS %L', reader, 'Reads what Rollcall gathered, for BI tools; made by: rollcall reader.');
    ELSIF EXISTS (SELECT FROM pg_roles WHERE rolname = reader
                  AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)) THEN
        RAISE EXCEPTION 'the role % exists and may do more than read; drop it, or take its attributes away', reader
            USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF EXISTS (SELECT FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner
                  WHERE c.oid = 'sync.runs'::regclass AND r.rolname = reader) THEN
        RAISE EXCEPTION 'the role % owns the tables of the warehouse; name another for BI tools', reader
            USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF EXISTS (SELECT FROM pg_class AS c, aclexplode(c.relacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
                  WHERE c.oid = 'sync.runs'::regclass AND r.rolname = reader AND a.privilege_type = 'INSERT') THEN
        RAISE EXCEPTION 'the role % loads the warehouse, and would lose that; name another for BI tools', reader
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), reader);
    EXECUTE format('GRANT USAGE ON SCHEMA analytics, realtimekit, sync TO %I', reader);

    FOR target IN -- ours, whatever else stands beside them
        SELECT c.oid::regclass AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname || '.' || c.relname = ANY (string_to_array(current_setting('rollcall.relations'), ' ')) AND c.relkind IN ('r', 'p', 'v', 'm')
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %I', target.name, reader);
        EXECUTE format('GRANT SELECT ON %s TO %I', target.name, reader);
    END LOOP;
    EXECUTE format('REVOKE SELECT ON sync.rejected_records FROM %I', reader);
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = 'sync.rejected_records'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'raw_text';
    EXECUTE format('GRANT SELECT (%s) ON sync.rejected_records TO %I', columns, reader);

    -- Whoever asks a view calls its functions, which not every server lets everybody do.
    -- Those that change tables are no view's.
    FOR target IN
        SELECT p.oid::regprocedure AS name FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE n.nspname || '.' || p.proname = ANY (string_to_array(current_setting('rollcall.functions'), ' ')) AND p.provolatile <> 'v'
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', target.name, reader);
    END LOOP;

    -- Earlier programs gave rights on whatever the owner makes later in these schemas.
    -- Migrations give them on what they make.
    FOR target IN
        SELECT DISTINCT r.rolname AS owner, n.nspname
        FROM pg_default_acl AS d JOIN pg_roles AS r ON r.oid = d.defaclrole JOIN pg_namespace AS n ON n.oid = d.defaclnamespace,
             aclexplode(d.defaclacl) AS a
        WHERE d.defaclobjtype = 'r' AND a.grantee = (SELECT oid FROM pg_roles WHERE rolname = reader) AND n.nspname IN ('realtimekit', 'analytics')
          AND r.oid = (SELECT relowner FROM pg_class WHERE oid = 'sync.runs'::regclass)
    LOOP
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I REVOKE ALL ON TABLES FROM %I', target.owner, target.nspname, reader);
    END LOOP;

    -- What is granted to PUBLIC, or to a role that this one is a member of, it may
    -- do as well.
    SELECT format('%s on %s', p.privilege, c.oid::regclass) INTO too_much
    FROM pg_class AS c
    CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p (privilege)
    WHERE c.oid IN (SELECT to_regclass(name) FROM unnest(string_to_array(current_setting('rollcall.relations'), ' ')) AS name)
      AND c.relkind IN ('r', 'v', 'm', 'p') AND has_table_privilege(reader, c.oid, p.privilege)
    ORDER BY c.oid, p.privilege LIMIT 1;
    IF has_column_privilege(reader, 'sync.rejected_records', 'raw_text', 'SELECT') THEN
        too_much := 'SELECT on sync.rejected_records.raw_text';
    END IF;
    IF too_much IS NOT NULL THEN
        RAISE EXCEPTION 'the role % would have %, by a grant to PUBLIC or to a role that it belongs to; revoke that', reader, too_much
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    -- Courtesies, which a user may switch off: rights do not rest on them. What is set
    -- already is left alone, since only that needs CREATEROLE once the role is there, and
    -- since PostgreSQL 16 the ADMIN OPTION; what may not be set is told (rollcall.unset).
    -- Compiling a plan (jit) takes longer than reading one session.
    FOREACH setting IN ARRAY ARRAY['default_transaction_read_only=on', 'TimeZone=UTC',
                                   'search_path=analytics, realtimekit', 'statement_timeout=5min', 'jit=off']
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole
            WHERE r.rolname = reader AND setting = ANY (s.setconfig)
              AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()));
        statement := format('ALTER ROLE %I IN DATABASE %I SET %s TO %s', reader, current_database(), split_part(setting, '=', 1),
                            replace(quote_literal(split_part(setting, '=', 2)), ', ', $q$', '$q$));
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'not done: %', statement;
            PERFORM set_config('rollcall.unset', concat_ws(E';\n', nullif(current_setting('rollcall.unset', true), ''), statement), true);
        END;
    END LOOP;
END
$$;

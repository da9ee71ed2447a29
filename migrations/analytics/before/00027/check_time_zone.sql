-- No constraint, since those of a dump are checked on a server that may know other zones.
CREATE OR REPLACE FUNCTION analytics.check_time_zone() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.time_zone IS NOT NULL AND (NEW.time_zone ~ '^(posix|right)/|^(localtime|posixrules|Factory)$'
        OR NOT EXISTS (SELECT 1 FROM pg_timezone_names AS z WHERE z.name = NEW.time_zone)) THEN
        RAISE EXCEPTION 'time_zone "%" is not known: give a name of the IANA database, such as Europe/Berlin', NEW.time_zone
            USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT name FROM pg_timezone_names lists those that this server knows.';
    END IF;
    IF NEW.time_zone <> 'UTC' AND EXISTS (SELECT 1 FROM sync.distributed_tables) THEN
        RAISE EXCEPTION 'time_zone "%" cannot be set where Citus has the tables: days are cut in UTC there', NEW.time_zone
            USING ERRCODE = 'feature_not_supported';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION analytics.check_time_zone() IS 'Trigger: refuses a time zone that is not known, and any but UTC on a cluster.';

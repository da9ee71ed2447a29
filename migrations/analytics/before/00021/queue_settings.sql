CREATE OR REPLACE FUNCTION analytics.queue_settings() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.app_id, NEW.meeting_id, NEW.person_by, NEW.nobody_ids, NEW.machine_presets, NEW.machine_names)
        IS NOT DISTINCT FROM (OLD.app_id, OLD.meeting_id, OLD.person_by, OLD.nobody_ids, OLD.machine_presets, OLD.machine_names) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' AND num_nonnulls(NEW.person_by, NEW.nobody_ids, NEW.machine_presets, NEW.machine_names) = 0
       OR TG_OP = 'DELETE' AND num_nonnulls(OLD.person_by, OLD.nobody_ids, OLD.machine_presets, OLD.machine_names) = 0 THEN
        RETURN NULL; -- it says nothing of people
    END IF;
    INSERT INTO analytics.stale_sessions (session_id, started_at)
    SELECT s.session_id, s.started_at
    FROM realtimekit.sessions AS s
    WHERE TG_OP <> 'INSERT' AND OLD.meeting_id = '' AND s.app_id = OLD.app_id
       OR TG_OP <> 'DELETE' AND NEW.meeting_id = '' AND s.app_id = NEW.app_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION analytics.queue_settings() IS 'Trigger: queues the sessions of an app whose settings of people changed, so that analytics.refresh derives them anew.';

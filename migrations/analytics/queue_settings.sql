CREATE OR REPLACE FUNCTION analytics.queue_settings() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Where the app lives without a setting.
    unset text := coalesce((SELECT z.time_zone FROM realtimekit.apps AS a JOIN sync.account_zones AS z ON z.account_id = a.account_id
                            WHERE a.app_id = CASE WHEN TG_OP = 'DELETE' THEN OLD.app_id ELSE NEW.app_id END), 'UTC');
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.app_id, NEW.meeting_id, NEW.person_by, NEW.nobody_ids, NEW.machine_presets, NEW.machine_names, coalesce(NEW.time_zone, unset))
        IS NOT DISTINCT FROM (OLD.app_id, OLD.meeting_id, OLD.person_by, OLD.nobody_ids, OLD.machine_presets, OLD.machine_names, coalesce(OLD.time_zone, unset)) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' AND num_nonnulls(NEW.person_by, NEW.nobody_ids, NEW.machine_presets, NEW.machine_names, nullif(NEW.time_zone, unset)) = 0
       OR TG_OP = 'DELETE' AND num_nonnulls(OLD.person_by, OLD.nobody_ids, OLD.machine_presets, OLD.machine_names, nullif(OLD.time_zone, unset)) = 0 THEN
        RETURN NULL; -- it says nothing of people and days
    END IF;
    -- Who stores a session holds these shared, from before it reads the settings: those
    -- under way are waited for, and queued below; later ones wait for the new settings.
    IF TG_OP <> 'INSERT' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('rollcall:settings:' || OLD.app_id, 0));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('rollcall:settings:' || NEW.app_id, 0));
    END IF;
    INSERT INTO analytics.stale_sessions (session_id, started_at)
    SELECT s.session_id, s.started_at
    FROM realtimekit.sessions AS s
    WHERE TG_OP <> 'INSERT' AND OLD.meeting_id = '' AND s.app_id = OLD.app_id
       OR TG_OP <> 'DELETE' AND NEW.meeting_id = '' AND s.app_id = NEW.app_id;
    IF EXISTS (
        SELECT 1 FROM analytics.usage_days AS u
        WHERE u.app_id IN (NEW.app_id, OLD.app_id) AND u.time_zone <> analytics.zone_of(u.app_id)
          AND EXISTS (SELECT 1 FROM analytics.session_dates AS g WHERE g.is_gone AND g.app_id = u.app_id AND g.usage_date = u.usage_date)) THEN
        RAISE WARNING 'days of which rollcall retention deleted a session stay as they were counted; their time_zone says by which zone';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION analytics.queue_settings() IS 'Trigger: queues the sessions of an app whose settings of people or time zone changed, so that analytics.refresh derives them anew.';

CREATE OR REPLACE FUNCTION analytics.check_excuse() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (lower(NEW.app_id), NEW.person_id) = (lower(OLD.app_id), OLD.person_id) THEN
        RETURN NULL; -- the same app in other letters, also where the person's rows are gone
    END IF;
    IF NOT EXISTS (SELECT 1 FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
                   WHERE p.person_id = NEW.person_id AND f.app_id = NEW.app_id)
       AND NOT EXISTS (SELECT 1 FROM realtimekit.meeting_participants AS m
                       WHERE m.app_id = NEW.app_id AND (m.custom_participant_id = NEW.person_id OR m.meeting_participant_id = NEW.person_id)) THEN
        RAISE EXCEPTION 'nobody in app % has the person_id %', NEW.app_id, NEW.person_id USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION analytics.check_excuse() IS 'Trigger: refuses an excuse for nobody.';

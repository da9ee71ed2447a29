CREATE OR REPLACE FUNCTION analytics.check_timetable() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Two who add at once would not see each other's row.
    PERFORM pg_advisory_xact_lock(hashtextextended('rollcall:timetable:' || NEW.app_id, 0));
    IF EXISTS (SELECT FROM analytics.timetable AS t
               WHERE t.app_id = NEW.app_id AND t.meeting_id = NEW.meeting_id AND t.timetable_id <> NEW.timetable_id
                 AND t.starts_at < NEW.ends_at AND t.ends_at > NEW.starts_at) THEN
        RAISE EXCEPTION 'the timetable has another lesson of this meeting between % and %', NEW.starts_at, NEW.ends_at USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION analytics.check_timetable() IS 'Trigger: refuses a lesson that overlaps another of the same meeting.';

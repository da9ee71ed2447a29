CREATE OR REPLACE FUNCTION analytics.queue_account() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    apps text[]; -- by themselves: the nodes of a cluster know no settings
    app  text;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.time_zone IS NOT DISTINCT FROM OLD.time_zone THEN
        RETURN NULL;
    END IF;
    apps := ARRAY (
        SELECT a.app_id FROM realtimekit.apps AS a
        WHERE a.account_id = CASE WHEN TG_OP = 'DELETE' THEN OLD.account_id ELSE NEW.account_id END
          AND NOT EXISTS (SELECT 1 FROM analytics.settings AS k WHERE k.app_id = a.app_id AND k.meeting_id = '' AND k.time_zone IS NOT NULL)
        ORDER BY 1);
    -- As analytics.queue_settings does.
    FOREACH app IN ARRAY apps LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('rollcall:settings:' || app, 0));
    END LOOP;
    INSERT INTO analytics.stale_sessions (session_id, started_at)
    SELECT session_id, started_at FROM realtimekit.sessions WHERE app_id = ANY (apps);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION analytics.queue_account() IS 'Trigger: queues the sessions of an account whose time zone changed, of apps that have none of their own, so that analytics.refresh derives them anew.';

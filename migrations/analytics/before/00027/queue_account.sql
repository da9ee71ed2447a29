CREATE OR REPLACE FUNCTION analytics.queue_account() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.time_zone IS NOT DISTINCT FROM OLD.time_zone THEN
        RETURN NULL;
    END IF;
    INSERT INTO analytics.stale_sessions (session_id, started_at)
    SELECT s.session_id, s.started_at
    FROM realtimekit.apps AS a JOIN realtimekit.sessions AS s ON s.app_id = a.app_id
    WHERE a.account_id = CASE WHEN TG_OP = 'DELETE' THEN OLD.account_id ELSE NEW.account_id END
      AND NOT EXISTS (SELECT 1 FROM analytics.settings AS k WHERE k.app_id = a.app_id AND k.meeting_id = '' AND k.time_zone IS NOT NULL);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION analytics.queue_account() IS 'Trigger: queues the sessions of an account whose time zone changed, of apps that have none of their own, so that analytics.refresh derives them anew.';

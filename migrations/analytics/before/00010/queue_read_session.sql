CREATE OR REPLACE FUNCTION analytics.queue_read_session() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO analytics.stale_sessions (session_id, started_at)
    VALUES (NEW.session_id, (SELECT started_at FROM realtimekit.sessions WHERE session_id = NEW.session_id));
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION analytics.queue_read_session() IS 'Trigger: queues a session that a run has changed.';

CREATE OR REPLACE FUNCTION analytics.queue_read_session() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    started    timestamptz;
    is_derived boolean;
BEGIN
    SELECT started_at INTO started FROM realtimekit.sessions WHERE session_id = NEW.session_id;
    -- Rollcall derives what it stores in the same transaction.
    SELECT f.derived_at = now() INTO is_derived FROM analytics.session_figures AS f WHERE f.session_id = NEW.session_id;
    INSERT INTO analytics.stale_sessions (session_id, started_at, is_derived) VALUES (NEW.session_id, started, coalesce(is_derived, false));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION analytics.queue_read_session() IS 'Trigger: queues a session that a run has changed.';

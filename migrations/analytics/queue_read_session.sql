CREATE OR REPLACE FUNCTION analytics.queue_read_session() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    started timestamptz;
    derived timestamptz;
BEGIN
    SELECT started_at INTO started FROM realtimekit.sessions WHERE session_id = NEW.session_id;
    -- Rollcall derives what it stores in the same transaction. Compared here: to a node of a
    -- cluster now() is another moment.
    SELECT f.derived_at INTO derived FROM analytics.session_figures AS f WHERE f.session_id = NEW.session_id;
    INSERT INTO analytics.stale_sessions (session_id, started_at, is_derived) VALUES (NEW.session_id, started, coalesce(derived = now(), false));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION analytics.queue_read_session() IS 'Trigger: queues a session that a run has changed.';

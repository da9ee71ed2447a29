CREATE OR REPLACE FUNCTION analytics.queue_deleted_rows() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO analytics.stale_sessions (session_id, started_at)
    SELECT d.session_id, s.started_at
    FROM (SELECT DISTINCT session_id FROM deleted_rows) AS d LEFT JOIN realtimekit.sessions AS s ON s.session_id = d.session_id;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION analytics.queue_deleted_rows() IS 'Trigger: queues the sessions of rows that were deleted.';

CREATE OR REPLACE VIEW analytics.sync_freshness AS
SELECT a.app_id, a.name AS app_name, a.account_id, d.discovered_at, d.watermark, d.last_error AS discovery_error,
       r.run_id AS last_run_id, r.status AS last_run_status, r.started_at AS last_run_started_at, r.finished_at AS last_run_finished_at,
       ok.finished_at AS last_success_at,
       CASE WHEN ok.finished_at > now() THEN 0 ELSE round(extract(epoch FROM now() - ok.finished_at), 0) END::bigint AS seconds_since_success,
       coalesce(st.sessions, 0) AS sessions, coalesce(st.live_sessions, 0) AS live_sessions,
       coalesce(st.incomplete_sessions, 0) AS incomplete_sessions, st.newest_session_created_at,
       coalesce(rejected.records, 0) AS open_rejected_records, coalesce(stale.sessions, 0) AS stale_sessions
FROM realtimekit.apps AS a
LEFT JOIN sync.app_states AS d ON d.app_id = a.app_id
LEFT JOIN LATERAL (
    SELECT run_id, status, started_at, finished_at FROM sync.runs
    WHERE account_id = a.account_id AND kind = 'run'
    ORDER BY run_id DESC LIMIT 1
) AS r ON true
LEFT JOIN LATERAL (
    SELECT max(finished_at) AS finished_at FROM sync.runs
    WHERE account_id = a.account_id AND kind = 'run' AND status = 'succeeded'
) AS ok ON true
LEFT JOIN (
    SELECT app_id, count(*) AS sessions, count(*) FILTER (WHERE status = 'LIVE') AS live_sessions,
           count(*) FILTER (WHERE complete_at IS NULL AND status IS DISTINCT FROM 'LIVE') AS incomplete_sessions,
           max(created_at) AS newest_session_created_at
    FROM sync.session_states GROUP BY app_id
) AS st ON st.app_id = a.app_id
LEFT JOIN (
    SELECT app_id, count(*) AS records FROM sync.rejected_records WHERE resolved_at IS NULL GROUP BY app_id
) AS rejected ON rejected.app_id = a.app_id
LEFT JOIN (
    SELECT s.app_id, count(DISTINCT q.session_id) AS sessions
    FROM analytics.stale_sessions AS q JOIN realtimekit.sessions AS s ON s.session_id = q.session_id
    GROUP BY s.app_id
) AS stale ON stale.app_id = a.app_id;

COMMENT ON VIEW  analytics.sync_freshness IS 'How current the warehouse is. One row an app.';
COMMENT ON COLUMN analytics.sync_freshness.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.sync_freshness.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.sync_freshness.account_id IS 'Cloudflare account of the app.';
COMMENT ON COLUMN analytics.sync_freshness.discovered_at IS 'When a list of the app''s sessions was last read to its end, UTC.';
COMMENT ON COLUMN analytics.sync_freshness.watermark IS 'Creation time of the newest session that was listed and dealt with, UTC.';
COMMENT ON COLUMN analytics.sync_freshness.discovery_error IS 'Why the last discovery did not come to its end; null otherwise.';
COMMENT ON COLUMN analytics.sync_freshness.last_run_id IS 'Newest run of the account: sync.runs.run_id.';
COMMENT ON COLUMN analytics.sync_freshness.last_run_status IS 'Its status: running, succeeded, partial, failed or abandoned.';
COMMENT ON COLUMN analytics.sync_freshness.last_run_started_at IS 'When it began, UTC.';
COMMENT ON COLUMN analytics.sync_freshness.last_run_finished_at IS 'When it ended, UTC; null while it runs.';
COMMENT ON COLUMN analytics.sync_freshness.last_success_at IS 'When a run of the account last ended with status succeeded, UTC.';
COMMENT ON COLUMN analytics.sync_freshness.seconds_since_success IS 'Whole seconds from last_success_at to the time of the query; 0 where a clock that was ahead noted a later one, null where no run succeeded.';
COMMENT ON COLUMN analytics.sync_freshness.sessions IS 'Sessions seen.';
COMMENT ON COLUMN analytics.sync_freshness.live_sessions IS 'Sessions that were LIVE when last read.';
COMMENT ON COLUMN analytics.sync_freshness.incomplete_sessions IS 'Ended sessions of which no full reading agreed with what the vendor announced.';
COMMENT ON COLUMN analytics.sync_freshness.newest_session_created_at IS 'Creation time of the newest session seen, UTC.';
COMMENT ON COLUMN analytics.sync_freshness.open_rejected_records IS 'Records set aside and not resolved.';
COMMENT ON COLUMN analytics.sync_freshness.stale_sessions IS 'Changed sessions that are not yet in daily_usage and preset_usage.';

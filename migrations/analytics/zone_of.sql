-- The one place that knows where an app lives.
CREATE OR REPLACE FUNCTION analytics.zone_of(app text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT coalesce(
        (SELECT k.time_zone FROM analytics.settings AS k WHERE k.app_id = app AND k.meeting_id = ''),
        (SELECT z.time_zone FROM realtimekit.apps AS a JOIN sync.account_zones AS z ON z.account_id = a.account_id WHERE a.app_id = app),
        'UTC')
$$;
COMMENT ON FUNCTION analytics.zone_of(text) IS 'The time zone in which the days of an app are cut: of analytics.settings, else that of its account, else UTC. Figures that are kept have a time_zone of their own.';

CREATE OR REPLACE VIEW analytics.recording_usage AS
WITH zones AS (
    -- As analytics.zone_of, which the nodes of a cluster cannot ask.
    SELECT a.app_id, coalesce(k.time_zone, z.time_zone) AS time_zone
    FROM realtimekit.apps AS a
    LEFT JOIN analytics.settings AS k ON k.app_id = a.app_id AND k.meeting_id = ''
    LEFT JOIN sync.account_zones AS z ON z.account_id = a.account_id
)
SELECT r.app_id, analytics.day_of(coalesce(r.started_at, r.invoked_at), k.time_zone) AS usage_date,
       CASE WHEN r.recording_type = 'TRACK' THEN 'track_recording' ELSE 'recording' END AS usage_kind,
       r.session_id, r.meeting_id, CASE WHEN f.preset_view_types[1] = ALL (f.preset_view_types) THEN f.preset_view_types[1] END AS preset_view_type,
       r.recording_id, 1::bigint AS recordings,
       CASE WHEN r.duration_seconds BETWEEN 0 AND 2678400 THEN r.duration_seconds
            ELSE least(greatest(coalesce(extract(epoch FROM r.stopped_at - r.started_at), r.duration_seconds, 0), 0), 2678400) END::double precision AS recorded_seconds,
       coalesce(r.status NOT IN ('UPLOADED', 'ERRORED') OR r.duration_seconds IS NULL AND r.stopped_at IS NULL AND r.status <> 'ERRORED', true) AS is_open,
       coalesce(k.time_zone, 'UTC') AS time_zone
FROM realtimekit.recordings AS r
LEFT JOIN zones AS k ON k.app_id = r.app_id
LEFT JOIN analytics.session_figures AS f ON f.session_id = r.session_id
WHERE coalesce(r.started_at, r.invoked_at) IS NOT NULL
UNION ALL
SELECT s.app_id, analytics.day_of(coalesce(l.started_at, l.invoked_at, l.created_at), k.time_zone), 'livestream',
       l.session_id, s.meeting_id, CASE WHEN f.preset_view_types[1] = ALL (f.preset_view_types) THEN f.preset_view_types[1] END,
       l.livestream_session_id, 1,
       CASE WHEN l.ingest_seconds BETWEEN 0 AND 2678400 THEN l.ingest_seconds
            ELSE least(greatest(coalesce(extract(epoch FROM l.stopped_at - l.started_at), l.ingest_seconds, 0), 0), 2678400) END, l.stopped_at IS NULL,
       coalesce(k.time_zone, 'UTC')
FROM realtimekit.livestream_sessions AS l
JOIN realtimekit.sessions AS s ON s.session_id = l.session_id
LEFT JOIN zones AS k ON k.app_id = s.app_id
LEFT JOIN analytics.session_figures AS f ON f.session_id = l.session_id
WHERE coalesce(l.started_at, l.invoked_at, l.created_at) IS NOT NULL
UNION ALL
SELECT d.app_id, d.usage_date, d.usage_kind, NULL, NULL, d.preset_view_type, NULL, d.recordings, d.recorded_seconds, false, d.time_zone
FROM analytics.deleted_recordings AS d;

COMMENT ON VIEW  analytics.recording_usage IS 'Length of recordings and livestreams, as usage_cost prices it. One row per recording, or run of a livestream; after rollcall retention one row for those of an app, day, time zone, kind and view type.';
COMMENT ON COLUMN analytics.recording_usage.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.recording_usage.usage_date IS 'Day of the app on which it began, in time_zone. It is not cut at midnight, since the vendor gives its length as one number.';
COMMENT ON COLUMN analytics.recording_usage.usage_kind IS 'recording, track_recording (one file per peer) or livestream.';
COMMENT ON COLUMN analytics.recording_usage.session_id IS 'Session; null where the API names none, and after rollcall retention.';
COMMENT ON COLUMN analytics.recording_usage.meeting_id IS 'Meeting; null where it is not known, and after rollcall retention.';
COMMENT ON COLUMN analytics.recording_usage.preset_view_type IS 'View type of everybody in the session, such as AUDIO_ROOM, by which audio alone has another price; null where it is not one.';
COMMENT ON COLUMN analytics.recording_usage.recording_id IS 'Recording, or run of the livestream; null after rollcall retention.';
COMMENT ON COLUMN analytics.recording_usage.recordings IS 'How many recordings or runs of livestreams the row is of.';
COMMENT ON COLUMN analytics.recording_usage.recorded_seconds IS 'Length in seconds: as the vendor gives it, else, or where that is below zero or more than 31 days, from its start to its end; cut to 31 days; 0 while neither is known. data_quality has what was not taken as it is (recording_out_of_bounds).';
COMMENT ON COLUMN analytics.recording_usage.is_open IS 'Whether it goes on or is not final, so that its length may still grow.';
COMMENT ON COLUMN analytics.recording_usage.time_zone IS 'Time zone of the day: that of the app in analytics.settings, UTC unless set; after rollcall retention the one that was set then.';

-- analytics.recording_usage where Citus has the tables: the same rows. The settings that the
-- sessions of livestreams are joined with are a table of the coordinator: where a question names
-- one session, Citus then fetches it first, from one shard, and its livestreams and figures from
-- there. It plans each part of a union before it knows the session, and would ask every shard.
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
       coalesce(CASE WHEN r.duration_seconds >= 0 THEN r.duration_seconds END, greatest(extract(epoch FROM r.stopped_at - r.started_at), 0), 0)::double precision AS recorded_seconds,
       coalesce(r.status NOT IN ('UPLOADED', 'ERRORED') OR r.duration_seconds IS NULL AND r.stopped_at IS NULL AND r.status <> 'ERRORED', true) AS is_open,
       coalesce(k.time_zone, 'UTC') AS time_zone
FROM realtimekit.recordings AS r
LEFT JOIN zones AS k ON k.app_id = r.app_id
LEFT JOIN analytics.session_figures AS f ON f.session_id = r.session_id
WHERE coalesce(r.started_at, r.invoked_at) IS NOT NULL
UNION ALL
SELECT s.app_id, analytics.day_of(coalesce(l.started_at, l.invoked_at, l.created_at), k.time_zone), 'livestream',
       l.session_id, s.meeting_id, CASE WHEN f.preset_view_types[1] = ALL (f.preset_view_types) THEN f.preset_view_types[1] END,
       l.livestream_session_id, 1, coalesce(CASE WHEN l.ingest_seconds >= 0 THEN l.ingest_seconds END, greatest(extract(epoch FROM l.stopped_at - l.started_at), 0), 0), l.stopped_at IS NULL,
       coalesce(k.time_zone, 'UTC')
FROM (SELECT s.session_id, s.app_id, s.meeting_id
      FROM realtimekit.sessions AS s
      LEFT JOIN analytics.settings AS here ON here.app_id = s.app_id AND here.meeting_id = '') AS s
LEFT JOIN realtimekit.livestream_sessions AS l ON l.session_id = s.session_id
LEFT JOIN zones AS k ON k.app_id = s.app_id
LEFT JOIN analytics.session_figures AS f ON f.session_id = s.session_id
WHERE l.session_id IS NOT NULL AND coalesce(l.started_at, l.invoked_at, l.created_at) IS NOT NULL
UNION ALL
SELECT d.app_id, d.usage_date, d.usage_kind, NULL, NULL, d.preset_view_type, NULL, d.recordings, d.recorded_seconds, false, d.time_zone
FROM analytics.deleted_recordings AS d;

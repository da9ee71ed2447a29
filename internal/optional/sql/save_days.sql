-- $1 run, $2 app, $3 the days as a JSON array. A day that the answer leaves out
-- stays as it was, and so does a list that it leaves out of a day.
WITH fresh AS (
    SELECT * FROM jsonb_to_recordset($3::jsonb) AS r (
        stats_date date, total_sessions bigint, total_session_minutes double precision,
        total_recordings bigint, total_recording_minutes double precision, extra jsonb, repairs jsonb)
), changed AS (
    UPDATE realtimekit.daily_stats AS t
    SET total_sessions = coalesce(s.total_sessions, t.total_sessions),
        total_session_minutes = coalesce(s.total_session_minutes, t.total_session_minutes),
        total_recordings = coalesce(s.total_recordings, t.total_recordings),
        total_recording_minutes = coalesce(s.total_recording_minutes, t.total_recording_minutes),
        extra = s.extra, repairs = s.repairs, synced_at = now(), run_id = $1
    FROM fresh AS s
    WHERE t.app_id = $2 AND t.stats_date = s.stats_date
      AND (t.total_sessions, t.total_session_minutes, t.total_recordings, t.total_recording_minutes, t.extra, t.repairs)
          IS DISTINCT FROM
          (coalesce(s.total_sessions, t.total_sessions), coalesce(s.total_session_minutes, t.total_session_minutes),
           coalesce(s.total_recordings, t.total_recordings),
           coalesce(s.total_recording_minutes, t.total_recording_minutes), s.extra, s.repairs)
    RETURNING 1
), added AS (
    INSERT INTO realtimekit.daily_stats (app_id, stats_date, total_sessions, total_session_minutes, total_recordings,
                                         total_recording_minutes, extra, repairs, first_synced_at, synced_at, run_id)
    SELECT $2, s.stats_date, s.total_sessions, s.total_session_minutes, s.total_recordings,
           s.total_recording_minutes, s.extra, s.repairs, now(), now(), $1
    FROM fresh AS s
    WHERE NOT EXISTS (SELECT 1 FROM realtimekit.daily_stats AS t WHERE t.app_id = $2 AND t.stats_date = s.stats_date)
    RETURNING 1
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM changed)

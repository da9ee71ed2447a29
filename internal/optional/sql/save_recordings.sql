-- $1 run, $2 app, $3 the recordings as a JSON array. What an answer leaves out of a
-- recording stays as it was: the vendor forgets what has expired.
WITH fresh AS (
    SELECT DISTINCT ON (recording_id) *
    FROM jsonb_to_recordset($3::jsonb) AS r (
        recording_id text, session_id uuid, meeting_id text, recording_type text, status text, invoked_at timestamptz,
        started_at timestamptz, stopped_at timestamptz, duration_seconds bigint, file_size_bytes bigint,
        download_expires_at timestamptz, extra jsonb, repairs jsonb)
    ORDER BY recording_id
), changed AS (
    UPDATE realtimekit.recordings AS t
    SET session_id = coalesce(s.session_id, t.session_id), meeting_id = coalesce(s.meeting_id, t.meeting_id),
        recording_type = coalesce(s.recording_type, t.recording_type), status = coalesce(s.status, t.status),
        invoked_at = coalesce(s.invoked_at, t.invoked_at), started_at = coalesce(s.started_at, t.started_at),
        stopped_at = coalesce(s.stopped_at, t.stopped_at), duration_seconds = coalesce(s.duration_seconds, t.duration_seconds),
        file_size_bytes = coalesce(s.file_size_bytes, t.file_size_bytes),
        download_expires_at = coalesce(s.download_expires_at, t.download_expires_at),
        extra = s.extra, repairs = s.repairs, synced_at = now(), run_id = $1
    FROM fresh AS s
    WHERE t.app_id = $2 AND t.recording_id = s.recording_id
      AND (t.session_id, t.meeting_id, t.recording_type, t.status, t.invoked_at, t.started_at, t.stopped_at,
           t.duration_seconds, t.file_size_bytes, t.download_expires_at, t.extra, t.repairs)
          IS DISTINCT FROM
          (coalesce(s.session_id, t.session_id), coalesce(s.meeting_id, t.meeting_id), coalesce(s.recording_type, t.recording_type),
           coalesce(s.status, t.status), coalesce(s.invoked_at, t.invoked_at), coalesce(s.started_at, t.started_at),
           coalesce(s.stopped_at, t.stopped_at), coalesce(s.duration_seconds, t.duration_seconds),
           coalesce(s.file_size_bytes, t.file_size_bytes), coalesce(s.download_expires_at, t.download_expires_at), s.extra, s.repairs)
    RETURNING 1
), added AS (
    INSERT INTO realtimekit.recordings (
        app_id, recording_id, session_id, meeting_id, recording_type, status, invoked_at, started_at, stopped_at,
        duration_seconds, file_size_bytes, download_expires_at, extra, repairs, first_synced_at, synced_at, run_id)
    SELECT $2, s.recording_id, s.session_id, s.meeting_id, s.recording_type, s.status, s.invoked_at, s.started_at, s.stopped_at,
           s.duration_seconds, s.file_size_bytes, s.download_expires_at, s.extra, s.repairs, now(), now(), $1
    FROM fresh AS s
    WHERE NOT EXISTS (SELECT 1 FROM realtimekit.recordings AS t WHERE t.app_id = $2 AND t.recording_id = s.recording_id)
    RETURNING 1
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM changed)

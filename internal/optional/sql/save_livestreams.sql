-- $1 run, $2 session, $3 the runs of its livestream as a JSON array.
WITH fresh AS (
    SELECT DISTINCT ON (livestream_session_id) *
    FROM jsonb_to_recordset($3::jsonb) AS r (
        livestream_session_id text, livestream_id text, ingest_seconds double precision, viewer_seconds double precision,
        err_message text, invoked_at timestamptz, started_at timestamptz, stopped_at timestamptz,
        created_at timestamptz, updated_at timestamptz, extra jsonb, repairs jsonb)
    ORDER BY livestream_session_id, updated_at DESC NULLS LAST
), changed AS (
    UPDATE realtimekit.livestream_sessions AS t
    SET livestream_id = s.livestream_id, ingest_seconds = s.ingest_seconds, viewer_seconds = s.viewer_seconds,
        err_message = s.err_message, invoked_at = s.invoked_at, started_at = s.started_at, stopped_at = s.stopped_at,
        created_at = s.created_at, updated_at = s.updated_at, extra = s.extra, repairs = s.repairs, synced_at = now(), run_id = $1
    FROM fresh AS s
    WHERE t.session_id = $2 AND t.livestream_session_id = s.livestream_session_id AND (s.updated_at >= t.updated_at) IS NOT FALSE
      AND (t.livestream_id, t.ingest_seconds, t.viewer_seconds, t.err_message, t.invoked_at, t.started_at, t.stopped_at,
           t.created_at, t.updated_at, t.extra, t.repairs)
          IS DISTINCT FROM
          (s.livestream_id, s.ingest_seconds, s.viewer_seconds, s.err_message, s.invoked_at, s.started_at, s.stopped_at,
           s.created_at, s.updated_at, s.extra, s.repairs)
    RETURNING 1
), added AS (
    INSERT INTO realtimekit.livestream_sessions (
        session_id, livestream_session_id, livestream_id, ingest_seconds, viewer_seconds, err_message, invoked_at,
        started_at, stopped_at, created_at, updated_at, extra, repairs, first_synced_at, synced_at, run_id)
    SELECT $2, s.livestream_session_id, s.livestream_id, s.ingest_seconds, s.viewer_seconds, s.err_message, s.invoked_at,
           s.started_at, s.stopped_at, s.created_at, s.updated_at, s.extra, s.repairs, now(), now(), $1
    FROM fresh AS s
    WHERE NOT EXISTS (
        SELECT FROM realtimekit.livestream_sessions AS t
        WHERE t.session_id = $2 AND t.livestream_session_id = s.livestream_session_id)
    RETURNING 1
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM changed)

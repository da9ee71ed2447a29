-- $1 the runs of a session's livestream as a JSON array. An older copy changes nothing,
-- unless the stored updated_at was still to come when it was stored; an identical row is not
-- touched. Only what is proposed (excluded) stands in the SET, which is all that Citus takes there.
INSERT INTO realtimekit.livestream_sessions AS t (
    session_id, livestream_session_id, livestream_id, ingest_seconds, viewer_seconds, err_message, invoked_at,
    started_at, stopped_at, created_at, updated_at, extra, repairs, first_synced_at, synced_at, run_id)
SELECT DISTINCT ON (session_id, livestream_session_id)
       session_id, livestream_session_id, livestream_id, ingest_seconds, viewer_seconds, err_message, invoked_at,
       started_at, stopped_at, created_at, updated_at, extra, repairs, now(), now(), run_id
FROM jsonb_to_recordset($1::jsonb) AS r (
    session_id uuid, livestream_session_id text, livestream_id text, ingest_seconds double precision, viewer_seconds double precision,
    err_message text, invoked_at timestamptz, started_at timestamptz, stopped_at timestamptz,
    created_at timestamptz, updated_at timestamptz, extra jsonb, repairs jsonb, run_id bigint)
ORDER BY session_id, livestream_session_id, updated_at DESC NULLS LAST
ON CONFLICT (session_id, livestream_session_id) DO UPDATE
SET livestream_id = excluded.livestream_id, ingest_seconds = excluded.ingest_seconds, viewer_seconds = excluded.viewer_seconds,
    err_message = excluded.err_message, invoked_at = excluded.invoked_at, started_at = excluded.started_at,
    stopped_at = excluded.stopped_at, created_at = excluded.created_at, updated_at = excluded.updated_at,
    extra = excluded.extra, repairs = excluded.repairs, synced_at = excluded.synced_at, run_id = excluded.run_id
WHERE ((excluded.updated_at >= t.updated_at) IS NOT FALSE OR t.updated_at - t.synced_at > interval '1 day')
  AND (t.livestream_id, t.ingest_seconds, t.viewer_seconds, t.err_message, t.invoked_at, t.started_at, t.stopped_at,
       t.created_at, t.updated_at, t.extra, t.repairs)
      IS DISTINCT FROM
      (excluded.livestream_id, excluded.ingest_seconds, excluded.viewer_seconds, excluded.err_message, excluded.invoked_at,
       excluded.started_at, excluded.stopped_at, excluded.created_at, excluded.updated_at, excluded.extra, excluded.repairs)

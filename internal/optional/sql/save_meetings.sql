-- $1 run, $2 the records as a JSON array. A meeting whose sessions are not
-- loaded has no row and gets none; an older copy changes nothing,
-- unless the stored updated_at was still to come when it was stored.
WITH fresh AS (
    SELECT DISTINCT ON (app_id, meeting_id) *
    FROM jsonb_to_recordset($2::jsonb) AS r (
        app_id text, meeting_id text, configured_title text, status text, record_on_start boolean,
        persist_chat boolean, live_stream_on_start boolean, transcribe_on_end boolean, summarize_on_end boolean,
        session_keep_alive_seconds bigint, created_at timestamptz, updated_at timestamptz, extra jsonb, repairs jsonb)
    ORDER BY app_id, meeting_id, updated_at DESC NULLS LAST
)
UPDATE realtimekit.meetings AS t
SET configured_title = s.configured_title, status = s.status, record_on_start = s.record_on_start,
    persist_chat = s.persist_chat, live_stream_on_start = s.live_stream_on_start,
    transcribe_on_end = s.transcribe_on_end, summarize_on_end = s.summarize_on_end,
    session_keep_alive_seconds = s.session_keep_alive_seconds, created_at = s.created_at,
    updated_at = s.updated_at, extra = s.extra, repairs = s.repairs, synced_at = now(), run_id = $1
FROM fresh AS s
WHERE t.app_id = s.app_id AND t.meeting_id = s.meeting_id
  AND ((s.updated_at >= t.updated_at) IS NOT FALSE OR t.updated_at - t.synced_at > interval '1 day')
  AND (t.configured_title, t.status, t.record_on_start, t.persist_chat, t.live_stream_on_start, t.transcribe_on_end,
       t.summarize_on_end, t.session_keep_alive_seconds, t.created_at, t.updated_at, t.extra, t.repairs)
      IS DISTINCT FROM
      (s.configured_title, s.status, s.record_on_start, s.persist_chat, s.live_stream_on_start, s.transcribe_on_end,
       s.summarize_on_end, s.session_keep_alive_seconds, s.created_at, s.updated_at, s.extra, s.repairs)

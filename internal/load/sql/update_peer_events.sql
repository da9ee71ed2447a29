-- $1 session, $2 run, $3 whether a later reading of the session is stored already,
-- $4 whether the reading counts also where its records are older than the stored ones.
WITH latest AS (
    SELECT DISTINCT ON (participant_id, event_id) *
    FROM pg_temp.staged_peer_events
    ORDER BY participant_id, event_id, updated_at DESC NULLS LAST, seq DESC
)
UPDATE realtimekit.peer_events AS t
SET event_name = s.event_name,
    peer_id = s.peer_id,
    socket_session_id = s.socket_session_id,
    preset_view_type = s.preset_view_type,
    minutes_consumed = s.minutes_consumed,
    created_at = s.created_at,
    updated_at = s.updated_at,
    own_ids = s.own_ids,
    extra = s.extra,
    repairs = s.repairs,
    synced_at = now(),
    run_id = $2
FROM latest AS s
WHERE t.session_id = $1
  AND t.participant_id = s.participant_id
  AND t.event_id = s.event_id
  AND (s.updated_at > t.updated_at
       OR (NOT $3 AND ($4 OR s.updated_at = t.updated_at OR s.updated_at IS NULL OR t.updated_at IS NULL)))
  AND (t.event_name, t.peer_id, t.socket_session_id, t.preset_view_type, t.minutes_consumed,
       t.created_at, t.updated_at, t.own_ids, t.extra, t.repairs)
      IS DISTINCT FROM
      (s.event_name, s.peer_id, s.socket_session_id, s.preset_view_type, s.minutes_consumed,
       s.created_at, s.updated_at, s.own_ids, s.extra, s.repairs)

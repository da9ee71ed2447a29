-- $1 session, $2 run, $3 whether a later reading of the session is stored already,
-- $4 whether the reading counts also where its records are older than the stored ones.
-- A stored updated_at that was still to come when it was stored makes no row newer.
WITH latest AS (
    SELECT DISTINCT ON (participant_id, event_id) *
    FROM pg_temp.staged_peer_events
    ORDER BY participant_id, event_id, updated_at DESC NULLS LAST, seq DESC
)
UPDATE realtimekit.peer_events AS t
SET {assigned},
    synced_at = now(),
    run_id = $2
FROM latest AS s
WHERE t.session_id = $1
  AND t.participant_id = s.participant_id
  AND t.event_id = s.event_id
  AND (s.updated_at > t.updated_at
       OR (NOT $3 AND ($4 OR s.updated_at = t.updated_at OR s.updated_at IS NULL OR t.updated_at IS NULL
                       OR t.updated_at - t.synced_at > interval '1 day')))
  AND ({t.values}) IS DISTINCT FROM ({s.values})

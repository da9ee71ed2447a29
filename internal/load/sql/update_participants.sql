-- $1 session, $2 run, $3 whether a later reading of the session is stored already,
-- $4 whether the reading counts also where its records are older than the stored ones.
-- Of two copies in one reading the later updated_at wins, then the later read.
-- A stored row that is newer stays, unless its updated_at was still to come when it was
-- stored. An identical one is not touched, which an ON CONFLICT DO UPDATE would do: it
-- locks the row even when it changes nothing.
WITH latest AS (
    SELECT DISTINCT ON (participant_id) *
    FROM pg_temp.staged_participants
    ORDER BY participant_id, updated_at DESC NULLS LAST, seq DESC
)
UPDATE realtimekit.participants AS t
SET {assigned},
    removed_at = NULL,
    synced_at = now(),
    run_id = $2
FROM latest AS s
WHERE t.session_id = $1
  AND t.participant_id = s.participant_id
  AND (s.updated_at > t.updated_at
       OR (NOT $3 AND ($4 OR s.updated_at = t.updated_at OR s.updated_at IS NULL OR t.updated_at IS NULL
                       OR t.updated_at - t.synced_at > interval '1 day')))
  AND (t.removed_at IS NOT NULL
       OR ({t.values}) IS DISTINCT FROM ({s.values}))

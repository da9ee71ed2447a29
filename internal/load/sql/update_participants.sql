-- $1 session, $2 run, $3 whether a later reading of the session is stored already,
-- $4 whether the reading counts also where its records are older than the stored ones.
-- Of two copies in one reading the later updated_at wins, then the later read.
-- A stored row that is newer stays; an identical one is not touched, which an
-- ON CONFLICT DO UPDATE would do: it locks the row even when it changes nothing.
WITH latest AS (
    SELECT DISTINCT ON (participant_id) *
    FROM pg_temp.staged_participants
    ORDER BY participant_id, updated_at DESC NULLS LAST, seq DESC
)
UPDATE realtimekit.participants AS t
SET user_id = s.user_id,
    custom_participant_id = s.custom_participant_id,
    display_name = s.display_name,
    preset_name = s.preset_name,
    joined_at = s.joined_at,
    left_at = s.left_at,
    duration_minutes = s.duration_minutes,
    created_at = s.created_at,
    updated_at = s.updated_at,
    extra = s.extra,
    repairs = s.repairs,
    removed_at = NULL,
    synced_at = now(),
    run_id = $2
FROM latest AS s
WHERE t.session_id = $1
  AND t.participant_id = s.participant_id
  AND (s.updated_at > t.updated_at
       OR (NOT $3 AND ($4 OR s.updated_at = t.updated_at OR s.updated_at IS NULL OR t.updated_at IS NULL)))
  AND (t.removed_at IS NOT NULL
       OR (t.user_id, t.custom_participant_id, t.display_name, t.preset_name, t.joined_at, t.left_at,
           t.duration_minutes, t.created_at, t.updated_at, t.extra, t.repairs)
          IS DISTINCT FROM
          (s.user_id, s.custom_participant_id, s.display_name, s.preset_name, s.joined_at, s.left_at,
           s.duration_minutes, s.created_at, s.updated_at, s.extra, s.repairs))

-- $1 run, $2 app, $3 meeting, $4 ids that a full reading listed, $5 when the reading
-- before this one was made: the last that still listed the others.
UPDATE realtimekit.meeting_participants AS t
SET removed_at = now(), synced_at = now(), run_id = $1,
    last_listed_at = greatest(t.first_synced_at, $5::timestamptz)
WHERE t.app_id = $2 AND t.meeting_id = $3 AND t.removed_at IS NULL
  -- Not <> ALL, which compares everybody with everybody where the plan is one for any array.
  AND NOT EXISTS (SELECT 1 FROM unnest($4::text[]) AS listed (id) WHERE listed.id = t.meeting_participant_id)

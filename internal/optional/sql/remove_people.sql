-- $1 run, $2 app, $3 meeting, $4 ids that a full reading listed. The reading
-- before this one is the last that still listed the others.
UPDATE realtimekit.meeting_participants AS t
SET removed_at = now(), synced_at = now(), run_id = $1,
    last_listed_at = greatest(t.first_synced_at, (
        SELECT read_at FROM sync.meeting_states WHERE app_id = $2 AND meeting_id = $3))
WHERE t.app_id = $2 AND t.meeting_id = $3 AND t.removed_at IS NULL
  AND NOT EXISTS (SELECT FROM unnest($4::text[]) AS listed (id) WHERE listed.id = t.meeting_participant_id)

-- $1 session, $2 run, $3 participants that a full pass no longer lists.
UPDATE realtimekit.participants
SET removed_at = now(), synced_at = now(), run_id = $2
WHERE session_id = $1 AND participant_id = ANY ($3::uuid[]) AND removed_at IS NULL

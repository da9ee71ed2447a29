-- $1 session, $2 run.
INSERT INTO realtimekit.participants (
    session_id, participant_id, user_id, custom_participant_id, display_name, preset_name,
    joined_at, left_at, duration_minutes, created_at, updated_at, extra, repairs,
    first_synced_at, synced_at, run_id)
SELECT DISTINCT ON (s.participant_id)
    $1::uuid, s.participant_id, s.user_id, s.custom_participant_id, s.display_name, s.preset_name,
    s.joined_at, s.left_at, s.duration_minutes, s.created_at, s.updated_at, s.extra, s.repairs,
    now(), now(), $2::bigint
FROM pg_temp.staged_participants AS s
ORDER BY s.participant_id, s.updated_at DESC NULLS LAST, s.seq DESC
ON CONFLICT (session_id, participant_id) DO NOTHING

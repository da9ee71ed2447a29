-- $1 session. The columns and their order are those of participantColumns.
SELECT participant_id, user_id, custom_participant_id, display_name, preset_name,
       joined_at, left_at, duration_minutes, created_at, updated_at, extra, repairs
FROM realtimekit.participants
WHERE session_id = $1 AND removed_at IS NULL

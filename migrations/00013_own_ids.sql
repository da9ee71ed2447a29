-- +goose Up
-- What an event says of itself was dropped where it repeats what stands around it, so
-- that a null, the participant's id and the user's could no longer be told apart.
ALTER TABLE realtimekit.peer_events ADD COLUMN own_ids integer;
COMMENT ON COLUMN realtimekit.peer_events.own_ids IS 'Which of the ids around it the event repeated, as a sum: 1 session_id, that of the session; 2 participant_id, the participant''s id; 4 participant_id, the participant''s user_id. Null where it named none, and in rows written before this column was. Another id is in extra. API: session_id, participant_id.';

-- +goose Down
ALTER TABLE realtimekit.peer_events DROP COLUMN own_ids;

-- +goose Up
-- What questions over many sessions read: the same rows for less.

-- Findings of an app and a range are read of that app's sessions alone: of others, entries
-- of these indexes are passed over.
DROP INDEX realtimekit.sessions_by_start, sync.session_states_incomplete, sync.session_states_erased;
CREATE INDEX sessions_by_start ON realtimekit.sessions (started_at, app_id) INCLUDE (session_id);
CREATE INDEX rejected_records_open ON sync.rejected_records (app_id) WHERE resolved_at IS NULL;
CREATE INDEX session_states_incomplete ON sync.session_states (created_at, app_id) WHERE complete_at IS NULL AND status IS DISTINCT FROM 'LIVE';
CREATE INDEX session_states_erased ON sync.session_states (created_at, app_id) WHERE erased_participants > 0;

-- +rollcall define person_overlap
-- +rollcall define data_quality
-- +rollcall define register
-- +goose Down
-- +rollcall define register
-- +rollcall define data_quality
-- +rollcall define person_overlap
DROP INDEX realtimekit.sessions_by_start, sync.rejected_records_open, sync.session_states_incomplete, sync.session_states_erased;
CREATE INDEX sessions_by_start ON realtimekit.sessions (started_at);
CREATE INDEX session_states_incomplete ON sync.session_states (created_at) WHERE complete_at IS NULL AND status IS DISTINCT FROM 'LIVE';
CREATE INDEX session_states_erased ON sync.session_states (created_at) WHERE erased_participants > 0;

-- +goose Up
-- What the usage by day, and questions over many sessions, cost: the same rows for less.

-- Of which data_quality has findings, few among all states.
CREATE INDEX session_states_incomplete ON sync.session_states (created_at) WHERE complete_at IS NULL AND status IS DISTINCT FROM 'LIVE';
CREATE INDEX session_states_erased ON sync.session_states (created_at) WHERE erased_participants > 0;

-- Sessions and lessons of an app, without those of all others.
CREATE INDEX session_figures_by_app ON analytics.session_figures (app_id, starts_at);

-- +rollcall define derive
-- +rollcall define add_to_curves
-- +rollcall define count_sessions
-- +rollcall define rejoins
-- +rollcall define data_quality
-- +goose Down
-- +rollcall define data_quality
-- +rollcall define rejoins
-- +rollcall define count_sessions
-- +rollcall define add_to_curves
-- +rollcall define derive
DROP INDEX analytics.session_figures_by_app, sync.session_states_incomplete, sync.session_states_erased;

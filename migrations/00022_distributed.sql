-- +goose Up
-- The functions that derive and count keep to what Citus takes, should the tables of
-- sessions be distributed. What they compute is the same.

-- +rollcall define derive
-- +rollcall define count_sessions
-- +rollcall define refresh

-- +goose StatementBegin
-- A plan for any session suits no cluster: which node is asked depends on the session.
DO $$
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
        ALTER FUNCTION analytics.derive(uuid[]) SET plan_cache_mode = force_custom_plan;
    END IF;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +rollcall define derive
-- +rollcall define count_sessions
-- +rollcall define refresh

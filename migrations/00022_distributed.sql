-- +goose Up
-- The functions that derive and count keep to what Citus takes, should the tables of
-- sessions be distributed. What they compute is the same.

-- +rollcall define derive
-- +rollcall define count_sessions
-- +rollcall define refresh
-- +rollcall define check_excuse
-- +rollcall define occurrences
-- +rollcall define session_drop_off
-- +rollcall define session_concurrency_minutely

-- What rollcall distribute did: a restored or half distributed warehouse can be told from
-- one that is whole.
CREATE TABLE sync.distributed_tables (
    table_name     text        PRIMARY KEY,
    placed_by      text        NOT NULL,
    distributed_at timestamptz NOT NULL
);
COMMENT ON TABLE  sync.distributed_tables IS 'Tables that rollcall distribute spread over the nodes of Citus. One row a table; empty on one server.';
COMMENT ON COLUMN sync.distributed_tables.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN sync.distributed_tables.placed_by IS 'session_id: a session''s rows are on one node. every node: each node has all of them.';
COMMENT ON COLUMN sync.distributed_tables.distributed_at IS 'When rollcall distribute placed it, or found it placed, UTC.';

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
DROP TABLE sync.distributed_tables;
-- +rollcall define derive
-- +rollcall define count_sessions
-- +rollcall define refresh
-- +rollcall define check_excuse
-- +rollcall define occurrences
-- +rollcall define session_drop_off
-- +rollcall define session_concurrency_minutely
-- What rollcall distribute may have defined otherwise:
-- +rollcall define no_shows
-- +rollcall define register
-- +rollcall define people_between

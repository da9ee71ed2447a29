-- +goose Up
-- What keeps to what Citus takes, should the tables of sessions be distributed. It
-- computes the same. What cannot, has another form there: analytics/distributed.

-- +rollcall define session_drop_off
-- +rollcall define session_concurrency_minutely

-- What rollcall distribute did: a restored or half distributed warehouse can be told from
-- one that is whole.
CREATE TABLE sync.distributed_tables (
    table_name     text        PRIMARY KEY,
    placed_by      text        NOT NULL,
    distributed_at timestamptz NOT NULL
);
COMMENT ON TABLE  sync.distributed_tables IS 'Tables that rollcall distribute spread over the nodes of Citus. One row per table; empty on one server.';
COMMENT ON COLUMN sync.distributed_tables.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN sync.distributed_tables.placed_by IS 'session_id: a session''s rows are on one node. every node: each node has all of them.';
COMMENT ON COLUMN sync.distributed_tables.distributed_at IS 'When rollcall distribute placed it, or found it placed, UTC.';

-- +rollcall define check_time_zone

-- +goose Down
-- +rollcall define check_time_zone
DROP TABLE sync.distributed_tables;
-- +rollcall define session_drop_off
-- +rollcall define session_concurrency_minutely
-- What rollcall distribute may have defined otherwise:
-- +rollcall define no_shows
-- +rollcall define register
-- +rollcall define people_between
-- +rollcall define derive
-- +rollcall define count_sessions

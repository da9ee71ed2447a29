-- +goose Up
-- Where Citus has the tables, these two get a form in which a question about one session is
-- for one shard (analytics/distributed). On one server they stay as they are.

-- +rollcall define data_quality
-- +rollcall define recording_usage

-- +goose Down
-- +rollcall define recording_usage
-- +rollcall define data_quality

-- +goose Up
-- What came to name time zones, in a form that Citus takes, and what told there that no
-- session was derived yet. They compute the same.

-- +rollcall define refresh
-- +rollcall define queue_read_session
-- +rollcall define data_quality
-- +rollcall define recording_usage

-- +goose Down
-- +rollcall define refresh
-- +rollcall define queue_read_session
-- +rollcall define data_quality
-- +rollcall define recording_usage

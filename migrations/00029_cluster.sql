-- +goose Up
-- What came to name time zones, in a form that Citus takes. It computes the same.

-- +rollcall define refresh
-- +rollcall define data_quality
-- +rollcall define recording_usage

-- +goose Down
-- +rollcall define refresh
-- +rollcall define data_quality
-- +rollcall define recording_usage

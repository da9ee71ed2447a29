-- +goose Up
-- What is asked of a range of days over all meetings: who was there, and how many at once.

-- +rollcall define people_between
-- +rollcall define concurrency_hourly

-- +goose Down
DROP VIEW analytics.concurrency_hourly;
DROP FUNCTION analytics.people_between(timestamptz, timestamptz);

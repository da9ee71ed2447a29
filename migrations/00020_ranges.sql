-- +goose Up
-- What is asked of a range of days over all meetings: who was there, and how many at
-- once. And a session that leaves days is counted in time that grows with its people,
-- not with their square.

-- +rollcall define people_between
-- +rollcall define concurrency_hourly
-- +rollcall define count_sessions

-- +goose Down
DROP VIEW analytics.concurrency_hourly;
DROP FUNCTION analytics.people_between(timestamptz, timestamptz);
-- +rollcall define count_sessions

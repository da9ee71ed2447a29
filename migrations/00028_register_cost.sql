-- +goose Up
-- The same register for less: a lesson's seconds are computed once per person, and stays that
-- lie within the lesson are taken as they are. And when the usage by day is computed, as the
-- comments of its views say.

-- +rollcall define register
-- +rollcall define daily_usage
-- +rollcall define preset_usage

-- +goose Down
-- +rollcall define preset_usage
-- +rollcall define daily_usage
-- +rollcall define register

-- +goose Up
-- The same register for less: a lesson's seconds are computed once per person, and stays that
-- lie within the lesson are taken as they are.

-- +rollcall define register

-- +goose Down
-- +rollcall define register

-- +goose Up
-- Two hashed names under one id are no sign of two people.

-- +rollcall define derive

-- +goose Down
-- +rollcall define derive

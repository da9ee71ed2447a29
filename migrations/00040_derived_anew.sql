-- +goose Up
-- A session over midnight, or of people with several devices, is joined by the person as well,
-- not by the session alone.
-- +rollcall define derive

-- +goose Down
-- +rollcall define derive

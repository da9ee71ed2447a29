-- +goose Up
-- A session that is stored but still waits to be counted takes nobody off a day, and what one
-- leaves that is stored again while it is counted is for the next count.

-- +rollcall define ids_of_nobody
-- +rollcall define count_sessions

-- +goose Down
-- +rollcall define count_sessions
-- +rollcall define ids_of_nobody

-- +goose Up
-- An own id that does not say who somebody is puts nobody together, and a person who is
-- enrolled under an own id has that id in each lesson.

-- +rollcall define no_shows
-- +rollcall define register
-- +goose Down
-- +rollcall define register
-- +rollcall define no_shows

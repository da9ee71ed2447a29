-- +goose Up
-- Days of other time zones on a cluster too: what computes them is in a form that Citus
-- takes, and no zone is refused there any more. It computes the same; of somebody's sessions
-- that begin at once, the register names the same one each time.

-- +rollcall define derive
-- +rollcall define ids_of_nobody
-- +rollcall define count_sessions
-- +rollcall define check_time_zone
-- +rollcall define queue_account
-- +rollcall define register

-- +goose Down
-- +rollcall define check_time_zone
-- +rollcall define queue_account
-- +rollcall define register
-- +rollcall define count_sessions
-- +rollcall define derive
DROP FUNCTION analytics.ids_of_nobody(analytics.usage_ids[], text[]);

-- +goose Up
-- A day counts whom its sessions were derived with, also while the settings of people change,
-- or a session is moved and stored once more while it is counted.
-- On a day that is kept since rollcall retention deleted a session, all numbers stay, those by
-- meeting too. Sessions that are stored while the time zone of an account changes are queued.

-- Whether a session waits to be derived anew.
CREATE INDEX stale_sessions_by_hand ON analytics.stale_sessions (session_id) WHERE NOT is_derived;

-- +rollcall define ids_on
-- +rollcall define ids_of_nobody
-- +rollcall define count_sessions
-- +rollcall define usage_by_meeting
-- +rollcall define queue_account

-- +goose Down
-- +rollcall define queue_account
-- +rollcall define usage_by_meeting
-- +rollcall define count_sessions
-- +rollcall define ids_of_nobody
-- +rollcall define ids_on
DROP INDEX analytics.stale_sessions_by_hand;

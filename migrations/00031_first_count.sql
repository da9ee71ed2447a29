-- +goose Up
-- Two parts of what counts the usage by day become functions of their own: the program
-- counts days of which nothing is counted yet, and then asks these. They compute the same.

-- +rollcall define ids_on
-- +rollcall define add_to_days
-- +rollcall define count_sessions

-- +goose Down
-- +rollcall define count_sessions
DROP FUNCTION analytics.add_to_days(analytics.session_dates[], analytics.session_dates[], analytics.shared_person_days[], analytics.shared_person_days[], analytics.usage_ids[], analytics.usage_ids[]);
DROP FUNCTION analytics.ids_on(uuid[], analytics.session_dates[]);

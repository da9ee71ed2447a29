-- +goose Up
-- A session that is stored but still waits to be counted takes nobody off a day, and what one
-- leaves that is stored again while it is counted is for the next count.

-- +rollcall define ids_of_nobody
-- +rollcall define count_sessions

-- Days that came out wrong cannot be told from the others. Each is counted from the beginning
-- by analytics.refresh, at the end of the next run, in batches of which each is a transaction.
UPDATE analytics.usage_days AS u SET is_stale = true
WHERE NOT EXISTS (SELECT 1 FROM analytics.session_dates AS g WHERE g.is_gone AND g.app_id = u.app_id AND g.usage_date = u.usage_date);
INSERT INTO analytics.stale_sessions (session_id, started_at, is_derived)
SELECT session_id, starts_at, true FROM analytics.session_figures;

-- +goose Down
-- +rollcall define count_sessions
-- +rollcall define ids_of_nobody

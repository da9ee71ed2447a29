-- +goose Up
-- Who is still inside a lesson has not left it early. An excuse is for a person as the views
-- have it. Names and ids that look the same are the same name, and ids alike.

-- +rollcall define register
-- +rollcall define check_excuse
-- +rollcall define data_quality
-- +rollcall define derive

COMMENT ON COLUMN analytics.prices.valid_from IS 'First day of validity, a day of the app as usage_date of usage_cost.';

-- Where a person seemed to be inside under several names.
INSERT INTO analytics.stale_sessions (session_id, started_at)
SELECT session_id, starts_at FROM analytics.session_figures WHERE shared_ids > 0;

-- +goose Down
COMMENT ON COLUMN analytics.prices.valid_from IS 'First day of validity, UTC.';
-- +rollcall define derive
-- +rollcall define data_quality
-- +rollcall define check_excuse
-- +rollcall define register
INSERT INTO analytics.stale_sessions (session_id, started_at)
SELECT session_id, starts_at FROM analytics.session_figures WHERE shared_ids > 0;

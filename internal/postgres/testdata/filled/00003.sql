INSERT INTO analytics.prices (app_id, valid_from, price_per_minute, currency) VALUES ('app', '2026-01-01', 0.002, 'EUR');
SELECT analytics.refresh(500);
-- One more change that nobody has taken up.
UPDATE sync.run_sessions SET outcome = outcome;

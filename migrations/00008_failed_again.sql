-- +goose Up
-- A session that had settled and then failed was called failed for ever, and read
-- again by no run.
UPDATE sync.session_states SET settled_at = NULL WHERE failed_at IS NOT NULL AND settled_at IS NOT NULL AND gone_at IS NULL;

-- +goose Down
-- The next reading settles them anew.
SELECT 1;

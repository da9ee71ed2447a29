-- +goose Up
ALTER TABLE sync.erasures ADD COLUMN excuses bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN sync.erasures.excuses IS 'Rows of analytics.excuses that were removed.';

-- +goose Down
ALTER TABLE sync.erasures DROP COLUMN excuses;

-- +goose Up
-- Which runs a chat or mailbox was told of: once for each change between failing and
-- not failing. And what a run wrote beside the sessions.
ALTER TABLE sync.runs ADD COLUMN told_at timestamptz;
CREATE INDEX runs_told ON sync.runs (account_id, run_id) WHERE told_at IS NOT NULL;
COMMENT ON COLUMN sync.runs.told_at IS 'When ROLLCALL_NOTIFY_URL was told how this run ended, UTC; null where it was not, since nothing had changed.';
COMMENT ON COLUMN sync.runs.budget_wait_seconds IS 'Seconds during which at least one request waited for the shared budget; null for an abandoned run. Runs of versions before 1.1: summed over all that waited.';
ALTER TABLE sync.runs ADD COLUMN other_rows_written bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN sync.runs.other_rows_written IS 'Rows of meetings, enrolment, daily counts and peer reports that were new or had changed; they are not among rows_inserted and rows_updated. 0 for an abandoned run.';

-- +goose Down
COMMENT ON COLUMN sync.runs.budget_wait_seconds IS 'Seconds that requests waited for the shared budget, summed over all that waited; null for an abandoned run.';
ALTER TABLE sync.runs DROP COLUMN told_at, DROP COLUMN other_rows_written;

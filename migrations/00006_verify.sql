-- +goose Up
CREATE TABLE sync.verifications (
    account_id         text        NOT NULL,
    app_id             text        NOT NULL,
    range_from         timestamptz NOT NULL,
    range_to           timestamptz NOT NULL,
    is_by_ids          boolean     NOT NULL,
    checkpoint         timestamptz NOT NULL,
    sessions_compared  bigint      NOT NULL,
    differing_sessions uuid[]      NOT NULL,
    saved_at           timestamptz NOT NULL,
    run_id             bigint      NOT NULL,
    PRIMARY KEY (account_id, app_id, range_from, range_to, is_by_ids)
);
COMMENT ON TABLE  sync.verifications IS 'Verifications that have not come to their end: the same command goes on from the checkpoint. One row an app and range; gone when the range is done in all apps.';
COMMENT ON COLUMN sync.verifications.account_id IS 'Cloudflare account.';
COMMENT ON COLUMN sync.verifications.app_id IS 'App.';
COMMENT ON COLUMN sync.verifications.range_from IS 'Start of the range as it was asked for, UTC, inclusive; -infinity where it was left open.';
COMMENT ON COLUMN sync.verifications.range_to IS 'End of the range as it was asked for, UTC, exclusive; infinity where it was left open.';
COMMENT ON COLUMN sync.verifications.is_by_ids IS 'Whether the participants and events of each session are compared by their ids, not by their number alone.';
COMMENT ON COLUMN sync.verifications.checkpoint IS 'Every session created before this time was compared, UTC.';
COMMENT ON COLUMN sync.verifications.sessions_compared IS 'Sessions that were compared so far.';
COMMENT ON COLUMN sync.verifications.differing_sessions IS 'Sessions that differed; they are compared again when the verification goes on.';
COMMENT ON COLUMN sync.verifications.saved_at IS 'When the checkpoint was saved, UTC.';
COMMENT ON COLUMN sync.verifications.run_id IS 'Run that saved the checkpoint: sync.runs.run_id.';
COMMENT ON COLUMN sync.runs.status IS 'running; succeeded; partial: done, but sessions or records were set aside, or differ (verify), or the run was stopped in good order; failed: stopped by an error; abandoned: the process ended without a word, as the next run found.';
COMMENT ON COLUMN sync.runs.range_from IS 'Backfill and verify: sessions created at or after this time, UTC; null where open.';
COMMENT ON COLUMN sync.runs.range_to IS 'Backfill and verify: sessions created before this time, UTC; null where open.';
COMMENT ON COLUMN sync.runs.sessions_listed IS 'Sessions seen in lists; verify: sessions compared; null for an abandoned run.';

-- +goose Down
COMMENT ON COLUMN sync.runs.sessions_listed IS 'Sessions seen in lists; null for an abandoned run.';
COMMENT ON COLUMN sync.runs.range_to IS 'Backfill: sessions created before this time, UTC; null where open.';
COMMENT ON COLUMN sync.runs.range_from IS 'Backfill: sessions created at or after this time, UTC; null where open.';
COMMENT ON COLUMN sync.runs.status IS 'running; succeeded; partial: done, but sessions or records were set aside; failed: stopped by an error; abandoned: the process ended without a word, as the next run found.';
DROP TABLE sync.verifications;

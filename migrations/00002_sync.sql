-- +goose Up
-- The schema itself is made before the first migration: goose keeps its version
-- table there.
CREATE SCHEMA IF NOT EXISTS sync;
COMMENT ON SCHEMA sync IS 'Rollcall''s own books: runs, what was read of each session, and records that were set aside.';

CREATE TABLE sync.runs (
    run_id              bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id          text        NOT NULL,
    kind                text        NOT NULL CHECK (kind IN ('run', 'backfill', 'verify', 'retry')),
    status              text        NOT NULL DEFAULT 'running'
                                    CHECK (status IN ('running', 'succeeded', 'partial', 'failed', 'abandoned')),
    started_at          timestamptz NOT NULL,
    finished_at         timestamptz,
    range_from          timestamptz,
    range_to            timestamptz,
    requests            bigint,
    budget_wait_seconds double precision,
    sessions_listed     bigint,
    sessions_read       bigint      NOT NULL DEFAULT 0,
    sessions_complete   bigint      NOT NULL DEFAULT 0,
    sessions_incomplete bigint      NOT NULL DEFAULT 0,
    sessions_failed     bigint      NOT NULL DEFAULT 0,
    rows_read           bigint      NOT NULL DEFAULT 0,
    rows_inserted       bigint      NOT NULL DEFAULT 0,
    rows_updated        bigint      NOT NULL DEFAULT 0,
    rows_unchanged      bigint      NOT NULL DEFAULT 0,
    rows_repaired       bigint      NOT NULL DEFAULT 0,
    rows_repeated       bigint      NOT NULL DEFAULT 0,
    records_rejected    bigint      NOT NULL DEFAULT 0,
    program_version     text        NOT NULL,
    error               text
);
CREATE INDEX runs_by_start ON sync.runs (account_id, kind, started_at);
COMMENT ON TABLE  sync.runs IS 'One row a run of Rollcall. The counts of a run that was cut off are filled in by the next one.';
COMMENT ON COLUMN sync.runs.run_id IS 'Number of the run.';
COMMENT ON COLUMN sync.runs.account_id IS 'Cloudflare account that was read.';
COMMENT ON COLUMN sync.runs.kind IS 'run (the cron job), backfill, verify, or retry (rejected records that were tried again).';
COMMENT ON COLUMN sync.runs.status IS 'running; succeeded; partial: done, but sessions or records were set aside; failed: stopped by an error; abandoned: the process ended without a word, as the next run found.';
COMMENT ON COLUMN sync.runs.started_at IS 'When the run began, UTC.';
COMMENT ON COLUMN sync.runs.finished_at IS 'When the run ended, UTC; for an abandoned run, when that was found.';
COMMENT ON COLUMN sync.runs.range_from IS 'Backfill: sessions created at or after this time, UTC; null where open.';
COMMENT ON COLUMN sync.runs.range_to IS 'Backfill: sessions created before this time, UTC; null where open.';
COMMENT ON COLUMN sync.runs.requests IS 'Requests sent to the API; null for an abandoned run.';
COMMENT ON COLUMN sync.runs.budget_wait_seconds IS 'Seconds that requests waited for the shared budget, summed over all that waited; null for an abandoned run.';
COMMENT ON COLUMN sync.runs.sessions_listed IS 'Sessions seen in lists; null for an abandoned run.';
COMMENT ON COLUMN sync.runs.sessions_read IS 'Sessions whose participants were read and stored.';
COMMENT ON COLUMN sync.runs.sessions_complete IS 'Of those, sessions that are complete.';
COMMENT ON COLUMN sync.runs.sessions_incomplete IS 'Of those, ended sessions that are not complete; the reason is in sync.session_states.';
COMMENT ON COLUMN sync.runs.sessions_failed IS 'Sessions that could not be read; the reason is in sync.session_states.';
COMMENT ON COLUMN sync.runs.rows_read IS 'Session, participant and peer event records that came from the API.';
COMMENT ON COLUMN sync.runs.rows_inserted IS 'Rows that were new.';
COMMENT ON COLUMN sync.runs.rows_updated IS 'Rows that had changed.';
COMMENT ON COLUMN sync.runs.rows_unchanged IS 'Rows that were the same and were not written.';
COMMENT ON COLUMN sync.runs.rows_repaired IS 'Records with at least one mended value.';
COMMENT ON COLUMN sync.runs.rows_repeated IS 'Participants that the API listed again within one reading of a session; the later updated_at was kept.';
COMMENT ON COLUMN sync.runs.records_rejected IS 'Records set aside in sync.rejected_records.';
COMMENT ON COLUMN sync.runs.program_version IS 'Version of Rollcall.';
COMMENT ON COLUMN sync.runs.error IS 'What stopped the run; null otherwise.';

CREATE TABLE sync.run_sessions (
    run_id           bigint  NOT NULL REFERENCES sync.runs (run_id) ON DELETE CASCADE,
    session_id       uuid    NOT NULL,
    outcome          text    NOT NULL CHECK (outcome IN ('complete', 'live', 'incomplete', 'failed', 'retried')),
    rows_read        bigint  NOT NULL DEFAULT 0,
    rows_inserted    bigint  NOT NULL DEFAULT 0,
    rows_updated     bigint  NOT NULL DEFAULT 0,
    rows_unchanged   bigint  NOT NULL DEFAULT 0,
    rows_repaired    bigint  NOT NULL DEFAULT 0,
    rows_repeated    bigint  NOT NULL DEFAULT 0,
    records_rejected bigint  NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, session_id)
);
COMMENT ON TABLE  sync.run_sessions IS 'What a run did with each session that it read. Written in the same transaction as the session''s rows, so the sums are right wherever a run was cut off.';
COMMENT ON COLUMN sync.run_sessions.run_id IS 'Run: sync.runs.run_id.';
COMMENT ON COLUMN sync.run_sessions.session_id IS 'Session: realtimekit.sessions.session_id, where it could be stored.';
COMMENT ON COLUMN sync.run_sessions.outcome IS 'complete, live, incomplete (ended, but the count does not agree), failed, or retried (rejected records of it were loaded).';
COMMENT ON COLUMN sync.run_sessions.rows_read IS 'Records that came from the API.';
COMMENT ON COLUMN sync.run_sessions.rows_inserted IS 'Rows that were new.';
COMMENT ON COLUMN sync.run_sessions.rows_updated IS 'Rows that had changed.';
COMMENT ON COLUMN sync.run_sessions.rows_unchanged IS 'Rows that were the same and were not written.';
COMMENT ON COLUMN sync.run_sessions.rows_repaired IS 'Records with at least one mended value.';
COMMENT ON COLUMN sync.run_sessions.rows_repeated IS 'Participants that the API listed again within one reading; the later updated_at was kept.';
COMMENT ON COLUMN sync.run_sessions.records_rejected IS 'Records set aside in sync.rejected_records.';

CREATE TABLE sync.session_states (
    session_id             uuid        NOT NULL PRIMARY KEY,
    app_id                 text        NOT NULL,
    fingerprint            bytea,
    status                 text,
    created_at             timestamptz,
    distinct_participants  bigint,
    erased_participants    bigint NOT NULL DEFAULT 0,
    announced_participants bigint,
    read_at                timestamptz,
    complete_at            timestamptz,
    settled_at             timestamptz,
    gone_at                timestamptz,
    peers_asked_at         timestamptz,
    attempts               integer     NOT NULL DEFAULT 0,
    not_found              integer     NOT NULL DEFAULT 0,
    retry_at               timestamptz,
    tried_fingerprint      bytea,
    failed_at              timestamptz,
    last_error             text,
    run_id                 bigint      NOT NULL
);
CREATE INDEX session_states_open ON sync.session_states (app_id, created_at) WHERE settled_at IS NULL AND gone_at IS NULL;
CREATE INDEX session_states_peers ON sync.session_states (app_id) WHERE settled_at IS NOT NULL AND peers_asked_at IS NULL;
COMMENT ON TABLE  sync.session_states IS 'What was seen of each session when it was last read, and whether it must be read again. One row a session.';
COMMENT ON COLUMN sync.session_states.session_id IS 'Session.';
COMMENT ON COLUMN sync.session_states.app_id IS 'App of the session.';
COMMENT ON COLUMN sync.session_states.fingerprint IS 'Digest of the session''s record as listed when its participants were last read; another digest means that it changed. Null before the first reading.';
COMMENT ON COLUMN sync.session_states.status IS 'Status of the session when it was last read.';
COMMENT ON COLUMN sync.session_states.created_at IS 'When the vendor made the session, UTC.';
COMMENT ON COLUMN sync.session_states.distinct_participants IS 'Different participants that the last reading found, those set aside included.';
COMMENT ON COLUMN sync.session_states.erased_participants IS 'Of distinct_participants, those that are not stored because the person was erased.';
COMMENT ON COLUMN sync.session_states.announced_participants IS 'Participants that the API announced; null where it announced none.';
COMMENT ON COLUMN sync.session_states.read_at IS 'When the last successful reading began, UTC.';
COMMENT ON COLUMN sync.session_states.complete_at IS 'When a full reading of the ended session first agreed with what was announced, UTC; null while it does not.';
COMMENT ON COLUMN sync.session_states.settled_at IS 'When the session was found complete after the settle window, UTC: it is not read again unless it changes.';
COMMENT ON COLUMN sync.session_states.gone_at IS 'When the session was given up since the API does not know it any more, UTC: three answers in a row said so, or it was asked for by name and no app has it.';
COMMENT ON COLUMN sync.session_states.peers_asked_at IS 'When peer-reports found that no peer of the settled session is left to be asked for, UTC; null before, and again when the session is stored anew.';
COMMENT ON COLUMN sync.session_states.attempts IS 'Readings in a row that did not leave the session complete or live.';
COMMENT ON COLUMN sync.session_states.not_found IS 'Of the last attempts, those in a row to which the API answered that it does not know the session (404).';
COMMENT ON COLUMN sync.session_states.retry_at IS 'Before this time run does not read the session again unless its record changes, UTC; the pause grows with the attempts, up to a day. Null where nothing is wrong.';
COMMENT ON COLUMN sync.session_states.tried_fingerprint IS 'Digest of the session''s record at the last reading that failed or did not add up; null where nothing is wrong.';
COMMENT ON COLUMN sync.session_states.failed_at IS 'When the last attempt to read the session failed, UTC; null where it gave a reading.';
COMMENT ON COLUMN sync.session_states.last_error IS 'Why the last reading failed or left the session incomplete; null otherwise.';
COMMENT ON COLUMN sync.session_states.run_id IS 'Run that last read or tried to read the session: sync.runs.run_id.';

CREATE TABLE sync.app_states (
    app_id        text        NOT NULL PRIMARY KEY,
    account_id    text        NOT NULL,
    watermark     timestamptz,
    discovered_at timestamptz,
    unlisted_at   timestamptz,
    last_error    text,
    run_id        bigint      NOT NULL
);
COMMENT ON TABLE  sync.app_states IS 'How far the discovery of new sessions has come in each app.';
COMMENT ON COLUMN sync.app_states.app_id IS 'App.';
COMMENT ON COLUMN sync.app_states.account_id IS 'Cloudflare account of the app.';
COMMENT ON COLUMN sync.app_states.watermark IS 'Creation time of the newest session that was listed and dealt with, UTC. The next run lists from the lookback before it.';
COMMENT ON COLUMN sync.app_states.discovered_at IS 'When a list of the app''s sessions was last read to its end, UTC.';
COMMENT ON COLUMN sync.app_states.unlisted_at IS 'When a run first found that the API does not list the app any more, UTC; null while it does.';
COMMENT ON COLUMN sync.app_states.last_error IS 'Why the last discovery did not come to its end; null otherwise.';
COMMENT ON COLUMN sync.app_states.run_id IS 'Run that last listed the app: sync.runs.run_id.';

CREATE TABLE sync.backfills (
    account_id text        NOT NULL,
    app_id     text        NOT NULL,
    range_from timestamptz NOT NULL,
    range_to   timestamptz NOT NULL,
    is_full    boolean     NOT NULL,
    checkpoint timestamptz NOT NULL,
    saved_at   timestamptz NOT NULL,
    run_id     bigint      NOT NULL,
    PRIMARY KEY (account_id, app_id, range_from, range_to, is_full)
);
COMMENT ON TABLE  sync.backfills IS 'Backfills that have not come to their end: the same command goes on from the checkpoint. One row an app and range; gone when the range is done in all apps.';
COMMENT ON COLUMN sync.backfills.account_id IS 'Cloudflare account.';
COMMENT ON COLUMN sync.backfills.app_id IS 'App.';
COMMENT ON COLUMN sync.backfills.range_from IS 'Start of the range as it was asked for, UTC, inclusive.';
COMMENT ON COLUMN sync.backfills.range_to IS 'End of the range as it was asked for, UTC, exclusive; infinity where it was left open.';
COMMENT ON COLUMN sync.backfills.is_full IS 'Whether sessions that are complete are read again.';
COMMENT ON COLUMN sync.backfills.checkpoint IS 'Every session created before this time was dealt with, UTC.';
COMMENT ON COLUMN sync.backfills.saved_at IS 'When the checkpoint was saved, UTC.';
COMMENT ON COLUMN sync.backfills.run_id IS 'Run that saved the checkpoint: sync.runs.run_id.';

CREATE TABLE sync.rejected_records (
    rejected_id   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity        text        NOT NULL CHECK (entity IN ('app', 'session', 'participant', 'peer_event')),
    app_id        text,
    session_id    uuid,
    record_key    text        NOT NULL,
    reason        text        NOT NULL,
    raw_text      text        NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    times_seen    bigint      NOT NULL DEFAULT 1,
    resolved_at   timestamptz,
    run_id        bigint      NOT NULL
);
CREATE UNIQUE INDEX rejected_records_key ON sync.rejected_records (entity, app_id, session_id, record_key) NULLS NOT DISTINCT;
CREATE INDEX rejected_records_by_session ON sync.rejected_records (session_id);
COMMENT ON TABLE  sync.rejected_records IS 'Records of the API that could not be stored, with their raw text. One row a record, however often it was seen.';
COMMENT ON COLUMN sync.rejected_records.rejected_id IS 'Number of the rejected record.';
COMMENT ON COLUMN sync.rejected_records.entity IS 'app, session, participant or peer_event.';
COMMENT ON COLUMN sync.rejected_records.app_id IS 'App in whose answer the record stood; null for an app.';
COMMENT ON COLUMN sync.rejected_records.session_id IS 'Session of the record; null where it is not known.';
COMMENT ON COLUMN sync.rejected_records.record_key IS 'The record''s id as the API sent it (participant/event for a peer event), or a digest of the text where it had none.';
COMMENT ON COLUMN sync.rejected_records.reason IS 'Field and what was wrong with it.';
COMMENT ON COLUMN sync.rejected_records.raw_text IS 'The JSON text as the API sent it; may hold personal data. U+0000 and bytes that are not UTF-8 are shown as escapes.';
COMMENT ON COLUMN sync.rejected_records.first_seen_at IS 'When the record was first set aside, UTC.';
COMMENT ON COLUMN sync.rejected_records.last_seen_at IS 'When it was last seen, UTC.';
COMMENT ON COLUMN sync.rejected_records.times_seen IS 'How many runs have set it aside.';
COMMENT ON COLUMN sync.rejected_records.resolved_at IS 'When a later reading no longer had to set it aside, UTC; null while it is open.';
COMMENT ON COLUMN sync.rejected_records.run_id IS 'Run that last set it aside: sync.runs.run_id.';

CREATE UNLOGGED TABLE sync.request_budgets (
    budget_key text        NOT NULL PRIMARY KEY,
    state      jsonb       NOT NULL,
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE  sync.request_budgets IS 'What the processes that use the same API token know together of its quota, so that they share it. One row a token. Unlogged: a crash of Postgres empties it, and the next answer of the API tells anew.';
COMMENT ON COLUMN sync.request_budgets.budget_key IS 'Digest of the API''s address and the token, from which neither can be had.';
COMMENT ON COLUMN sync.request_budgets.state IS 'Token bucket, what is left of each quota, until when the API asked to wait, and the requests in flight.';
COMMENT ON COLUMN sync.request_budgets.changed_at IS 'When a process last took or returned a request, UTC.';

-- +goose Down
-- The schema stays: goose's version table is in it.
DROP TABLE sync.request_budgets, sync.rejected_records, sync.backfills, sync.app_states, sync.session_states, sync.run_sessions, sync.runs;

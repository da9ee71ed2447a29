-- +goose Up
-- What webhooks told of, and which sessions wait to be read because of it.
CREATE TABLE sync.webhook_events (
    session_id        uuid        NOT NULL,
    event_name        text        NOT NULL,
    app_id            text        NOT NULL,
    webhook_id        text,
    digest            bytea       NOT NULL,
    times_received    bigint      NOT NULL DEFAULT 1,
    first_received_at timestamptz NOT NULL DEFAULT now(),
    last_received_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id, event_name)
);
CREATE INDEX webhook_events_by_time ON sync.webhook_events (last_received_at);
COMMENT ON TABLE  sync.webhook_events IS 'What webhooks told of a session: one row an event''s name. Neither their bodies nor anything of a person is kept. Rows go 30 days after the last such event.';
COMMENT ON COLUMN sync.webhook_events.session_id IS 'Session, as the event named it; it may be one that is not stored.';
COMMENT ON COLUMN sync.webhook_events.event_name IS 'Name of the event, such as meeting.ended.';
COMMENT ON COLUMN sync.webhook_events.app_id IS 'App of the session.';
COMMENT ON COLUMN sync.webhook_events.webhook_id IS 'Registered webhook that sent it, as an unsigned header says; null where none said.';
COMMENT ON COLUMN sync.webhook_events.digest IS 'SHA-256 of the last such body.';
COMMENT ON COLUMN sync.webhook_events.times_received IS 'How often such an event came, duplicates included.';
COMMENT ON COLUMN sync.webhook_events.first_received_at IS 'When the first such event came, UTC.';
COMMENT ON COLUMN sync.webhook_events.last_received_at IS 'When the last such event came, UTC.';

CREATE TABLE sync.session_jobs (
    session_id uuid        NOT NULL PRIMARY KEY,
    account_id text        NOT NULL,
    app_id     text        NOT NULL,
    wanted     bigint      NOT NULL DEFAULT 1,
    has_ended  boolean     NOT NULL DEFAULT false,
    looks      integer     NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL,
    is_early   boolean     NOT NULL DEFAULT false,
    job_id     bigint,
    reader     text,
    wanted_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  sync.session_jobs IS 'Sessions that rollcall work is to read: one row a session, with one job of the queue, for as long as there is something to wait for.';
COMMENT ON COLUMN sync.session_jobs.session_id IS 'Session.';
COMMENT ON COLUMN sync.session_jobs.account_id IS 'Cloudflare account of the app.';
COMMENT ON COLUMN sync.session_jobs.app_id IS 'App of the session.';
COMMENT ON COLUMN sync.session_jobs.wanted IS 'How often somebody asked for the session. A job that finds it grown when it ends is followed by another.';
COMMENT ON COLUMN sync.session_jobs.has_ended IS 'Whether a webhook said that the session ended.';
COMMENT ON COLUMN sync.session_jobs.looks IS 'Jobs that read the session since somebody last asked for it.';
COMMENT ON COLUMN sync.session_jobs.due_at IS 'When the job is due, UTC.';
COMMENT ON COLUMN sync.session_jobs.is_early IS 'Whether the last to ask made the job due earlier.';
COMMENT ON COLUMN sync.session_jobs.job_id IS 'The job: rollcall_queue.river_job.id; null for a moment, until it is made.';
COMMENT ON COLUMN sync.session_jobs.reader IS 'Worker that reads the session at this moment: sync.runs.worker; null for none.';
COMMENT ON COLUMN sync.session_jobs.wanted_at IS 'When somebody last asked for the session, UTC.';

CREATE TABLE sync.app_webhooks (
    app_id         text        NOT NULL PRIMARY KEY,
    first_event_at timestamptz NOT NULL DEFAULT now(),
    last_event_at  timestamptz NOT NULL DEFAULT now(),
    missed         bigint      NOT NULL DEFAULT 0,
    missed_at      timestamptz
);
COMMENT ON TABLE  sync.app_webhooks IS 'Apps of which webhooks arrive: rollcall work lists these rarely.';
COMMENT ON COLUMN sync.app_webhooks.app_id IS 'App.';
COMMENT ON COLUMN sync.app_webhooks.first_event_at IS 'When a webhook of the app first came, UTC.';
COMMENT ON COLUMN sync.app_webhooks.last_event_at IS 'When one last came, UTC, to the minute.';
COMMENT ON COLUMN sync.app_webhooks.missed IS 'Sessions that began since first_event_at, of which a list told and no webhook.';
COMMENT ON COLUMN sync.app_webhooks.missed_at IS 'When a list last told of such a session, UTC; null for never.';

ALTER TABLE sync.runs DROP CONSTRAINT runs_kind_check;
ALTER TABLE sync.runs ADD CONSTRAINT runs_kind_check CHECK (kind IN ('run', 'backfill', 'verify', 'retry', 'work'));
ALTER TABLE sync.runs ADD COLUMN worker text;
COMMENT ON COLUMN sync.runs.kind IS 'run (the cron job), backfill, verify, retry (rejected records that were tried again), or work (what one worker of the queue did in an hour).';
COMMENT ON COLUMN sync.runs.worker IS 'Worker of the queue whose run it is; null for other kinds.';

-- +goose Down
DELETE FROM sync.runs WHERE kind = 'work';
ALTER TABLE sync.runs DROP COLUMN worker;
ALTER TABLE sync.runs DROP CONSTRAINT runs_kind_check;
ALTER TABLE sync.runs ADD CONSTRAINT runs_kind_check CHECK (kind IN ('run', 'backfill', 'verify', 'retry'));
COMMENT ON COLUMN sync.runs.kind IS 'run (the cron job), backfill, verify, or retry (rejected records that were tried again).';
DROP TABLE sync.app_webhooks;
DROP TABLE sync.session_jobs;
DROP TABLE sync.webhook_events;

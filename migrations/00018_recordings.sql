-- +goose Up
-- What the vendor bills beside the minutes of people: recordings and livestreams. Only
-- what cannot be a secret, and names nobody, has a column.
CREATE TABLE realtimekit.recordings (
    app_id              text        NOT NULL REFERENCES realtimekit.apps (app_id),
    recording_id        text        NOT NULL,
    session_id          uuid,
    meeting_id          text,
    recording_type      text,
    status              text,
    invoked_at          timestamptz,
    started_at          timestamptz,
    stopped_at          timestamptz,
    duration_seconds    bigint,
    file_size_bytes     bigint,
    download_expires_at timestamptz,
    extra               jsonb,
    repairs             jsonb,
    first_synced_at     timestamptz NOT NULL,
    synced_at           timestamptz NOT NULL,
    run_id              bigint      NOT NULL,
    PRIMARY KEY (app_id, recording_id)
);
CREATE INDEX recordings_by_session ON realtimekit.recordings (session_id);
CREATE INDEX recordings_by_invocation ON realtimekit.recordings (app_id, invoked_at);
COMMENT ON TABLE  realtimekit.recordings IS 'Recordings of sessions, read with --with recordings. One row a recording. Addresses, file names and the configuration of the storage are never stored. Rows stay when the vendor lists a recording no more. Source: GET /{app_id}/recordings.';
COMMENT ON COLUMN realtimekit.recordings.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN realtimekit.recordings.recording_id IS 'Id of the recording. API: id.';
COMMENT ON COLUMN realtimekit.recordings.session_id IS 'Session that was recorded, which need not have been copied; null where the API names none. API: session_id.';
COMMENT ON COLUMN realtimekit.recordings.meeting_id IS 'Meeting that was recorded. API: meeting.id, else the meeting of the session.';
COMMENT ON COLUMN realtimekit.recordings.recording_type IS 'TRACK for a recording of one file per peer, which the API tells by its type or by the list of its files; else the type that the API names, mostly none. API: type.';
COMMENT ON COLUMN realtimekit.recordings.status IS 'INVOKED, RECORDING, PAUSED, UPLOADING, UPLOADED or ERRORED. API: status.';
COMMENT ON COLUMN realtimekit.recordings.invoked_at IS 'When the recording was asked for, UTC. API: invoked_time.';
COMMENT ON COLUMN realtimekit.recordings.started_at IS 'When it began, UTC. API: started_time.';
COMMENT ON COLUMN realtimekit.recordings.stopped_at IS 'When it ended, UTC; null while it goes on. API: stopped_time.';
COMMENT ON COLUMN realtimekit.recordings.duration_seconds IS 'Length of the recording in seconds; null where the API gives none. API: recording_duration.';
COMMENT ON COLUMN realtimekit.recordings.file_size_bytes IS 'Size of its file in bytes. API: file_size.';
COMMENT ON COLUMN realtimekit.recordings.download_expires_at IS 'Until when the vendor keeps the file, UTC. API: download_url_expiry.';
COMMENT ON COLUMN realtimekit.recordings.extra IS 'Numbers and booleans of the API that Rollcall does not know, and under dropped_fields the names of what it left out because it may hold a secret; null where there are none.';
COMMENT ON COLUMN realtimekit.recordings.repairs IS 'Column name to the raw text of each value that was mended; null where none was.';
COMMENT ON COLUMN realtimekit.recordings.first_synced_at IS 'When Rollcall first stored the row, UTC.';
COMMENT ON COLUMN realtimekit.recordings.synced_at IS 'When Rollcall last changed the row, UTC.';
COMMENT ON COLUMN realtimekit.recordings.run_id IS 'Run that last changed the row: sync.runs.run_id.';

CREATE TABLE realtimekit.livestream_sessions (
    session_id            uuid             NOT NULL REFERENCES realtimekit.sessions (session_id),
    livestream_session_id text             NOT NULL,
    livestream_id         text,
    ingest_seconds        double precision,
    viewer_seconds        double precision,
    err_message           text,
    invoked_at            timestamptz,
    started_at            timestamptz,
    stopped_at            timestamptz,
    created_at            timestamptz,
    updated_at            timestamptz,
    extra                 jsonb,
    repairs               jsonb,
    first_synced_at       timestamptz      NOT NULL,
    synced_at             timestamptz      NOT NULL,
    run_id                bigint           NOT NULL,
    PRIMARY KEY (session_id, livestream_session_id)
);
COMMENT ON TABLE  realtimekit.livestream_sessions IS 'Times in which a session was streamed, read with --with recordings. One row a session and run of a livestream. Stream keys and addresses are never stored. Source: GET /{app_id}/sessions/{session_id}/livestream-sessions.';
COMMENT ON COLUMN realtimekit.livestream_sessions.session_id IS 'Session that was streamed: realtimekit.sessions.session_id.';
COMMENT ON COLUMN realtimekit.livestream_sessions.livestream_session_id IS 'Id of this run of the livestream. API: id.';
COMMENT ON COLUMN realtimekit.livestream_sessions.livestream_id IS 'Livestream that ran. API: livestream_id.';
COMMENT ON COLUMN realtimekit.livestream_sessions.ingest_seconds IS 'Seconds of video that were taken in. API: ingest_seconds.';
COMMENT ON COLUMN realtimekit.livestream_sessions.viewer_seconds IS 'Seconds that were watched, over all viewers. API: viewer_seconds.';
COMMENT ON COLUMN realtimekit.livestream_sessions.err_message IS 'What went wrong; the vendor''s documents disagree on what may stand here. API: err_message.';
COMMENT ON COLUMN realtimekit.livestream_sessions.invoked_at IS 'When the livestream was asked for, UTC. API: invoked_time.';
COMMENT ON COLUMN realtimekit.livestream_sessions.started_at IS 'When it began, UTC. API: started_time.';
COMMENT ON COLUMN realtimekit.livestream_sessions.stopped_at IS 'When it ended, UTC. API: stopped_time.';
COMMENT ON COLUMN realtimekit.livestream_sessions.created_at IS 'When the vendor made the record, UTC. API: created_at.';
COMMENT ON COLUMN realtimekit.livestream_sessions.updated_at IS 'When the vendor last changed the record, UTC. API: updated_at.';
COMMENT ON COLUMN realtimekit.livestream_sessions.extra IS 'Numbers and booleans of the API that Rollcall does not know, and under dropped_fields the names of what it left out because it may hold a secret; null where there are none.';
COMMENT ON COLUMN realtimekit.livestream_sessions.repairs IS 'Column name to the raw text of each value that was mended; null where none was.';
COMMENT ON COLUMN realtimekit.livestream_sessions.first_synced_at IS 'When Rollcall first stored the row, UTC.';
COMMENT ON COLUMN realtimekit.livestream_sessions.synced_at IS 'When Rollcall last changed the row, UTC.';
COMMENT ON COLUMN realtimekit.livestream_sessions.run_id IS 'Run that last changed the row: sync.runs.run_id.';
-- Livestreams are few among the sessions of an app.
CREATE INDEX sessions_streamed ON realtimekit.sessions (app_id) WHERE session_type = 'livestream';

CREATE TABLE sync.livestream_states (
    session_id uuid        NOT NULL PRIMARY KEY,
    outcome    text        NOT NULL CHECK (outcome IN ('read', 'none', 'failed')),
    attempts   integer     NOT NULL DEFAULT 1,
    asked_at   timestamptz NOT NULL,
    last_error text,
    run_id     bigint      NOT NULL
);
COMMENT ON TABLE  sync.livestream_states IS 'Sessions whose livestream was asked for. One row a session.';
COMMENT ON COLUMN sync.livestream_states.session_id IS 'Session.';
COMMENT ON COLUMN sync.livestream_states.outcome IS 'read; none: the API knows of no livestream; failed: asked again, at most five times.';
COMMENT ON COLUMN sync.livestream_states.attempts IS 'How many runs have asked.';
COMMENT ON COLUMN sync.livestream_states.asked_at IS 'Start of the run that last asked, UTC.';
COMMENT ON COLUMN sync.livestream_states.last_error IS 'Why it failed; null otherwise.';
COMMENT ON COLUMN sync.livestream_states.run_id IS 'Run that last asked: sync.runs.run_id.';

ALTER TABLE sync.endpoint_states DROP CONSTRAINT endpoint_states_endpoint_check;
ALTER TABLE sync.endpoint_states ADD CONSTRAINT endpoint_states_endpoint_check
    CHECK (endpoint IN ('enrolment', 'daywise', 'peer-reports', 'recordings', 'livestreams'));
COMMENT ON TABLE  sync.endpoint_states IS 'How the optional reads went: enrolment, daywise, peer-reports, recordings and livestreams. One row an app and read.';
COMMENT ON COLUMN sync.endpoint_states.endpoint IS 'enrolment, daywise, peer-reports or recordings, as in --with and --without; livestreams are read with recordings.';
COMMENT ON COLUMN sync.endpoint_states.stored_rows IS 'daywise: rows of realtimekit.daily_stats that the app had when it was last read; recordings: 1 where the app had any row. Fewer were lost. Null where that is not known.';
ALTER TABLE sync.rejected_records DROP CONSTRAINT rejected_records_entity_check;
ALTER TABLE sync.rejected_records ADD CONSTRAINT rejected_records_entity_check
    CHECK (entity IN ('app', 'session', 'participant', 'peer_event',
                      'meeting', 'meeting_participant', 'daily_stats', 'peer_report', 'recording', 'livestream_session'));
COMMENT ON COLUMN sync.rejected_records.entity IS 'app, session, participant, peer_event, meeting, meeting_participant, daily_stats, peer_report, recording or livestream_session. Of the last six, raw_text is what is left after everything that may hold a secret was taken out.';

-- A price is for minutes of one kind; those that are there are of participants.
ALTER TABLE analytics.prices ADD COLUMN usage_kind text NOT NULL DEFAULT 'participant'
    CHECK (usage_kind IN ('participant', 'recording', 'track_recording', 'livestream'));
ALTER TABLE analytics.prices ADD CONSTRAINT prices_preset_check CHECK (usage_kind = 'participant' OR preset_name IS NULL);
DROP INDEX analytics.prices_key;
CREATE UNIQUE INDEX prices_key ON analytics.prices (app_id, preset_name, preset_view_type, valid_from, usage_kind) NULLS NOT DISTINCT;
COMMENT ON TABLE  analytics.prices IS 'Your prices by minute, edited by you; empty as shipped. Of those of the kind of usage the most specific row counts: app before preset before view type; of those the newest that is valid on the day.';
COMMENT ON COLUMN analytics.prices.preset_name IS 'Preset that the price is for; null for all, and for usage that is of no preset.';
COMMENT ON COLUMN analytics.prices.preset_view_type IS 'View type that the price is for, such as AUDIO_ROOM; null for all. A recording has that of its session where everybody had the same.';
COMMENT ON COLUMN analytics.prices.price_per_minute IS 'Price of one minute, in the currency: of a participant, a recording or a livestream.';
COMMENT ON COLUMN analytics.prices.usage_kind IS 'What the minutes are of: participant (unless you say otherwise), recording, track_recording (one file per peer) or livestream (minutes taken in).';

-- What recordings and livestreams of a day come to once rollcall retention has deleted
-- them: sums, as the usage by day stays.
CREATE TABLE analytics.deleted_recordings (
    app_id            text             NOT NULL,
    usage_date        date             NOT NULL,
    usage_kind        text             NOT NULL,
    preset_view_type  text,
    recordings        bigint           NOT NULL,
    recorded_seconds  double precision NOT NULL,
    deleted_id        bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
CREATE UNIQUE INDEX deleted_recordings_key ON analytics.deleted_recordings (app_id, usage_date, usage_kind, preset_view_type) NULLS NOT DISTINCT;
COMMENT ON TABLE  analytics.deleted_recordings IS 'Sums of recordings and livestreams that rollcall retention deleted, so that the cost of a day stays what it was. One row an app, day, kind and view type.';
COMMENT ON COLUMN analytics.deleted_recordings.app_id IS 'App.';
COMMENT ON COLUMN analytics.deleted_recordings.usage_date IS 'Day on which they began, UTC.';
COMMENT ON COLUMN analytics.deleted_recordings.usage_kind IS 'recording, track_recording or livestream.';
COMMENT ON COLUMN analytics.deleted_recordings.preset_view_type IS 'View type of their sessions; null where it is not one.';
COMMENT ON COLUMN analytics.deleted_recordings.recordings IS 'How many.';
COMMENT ON COLUMN analytics.deleted_recordings.recorded_seconds IS 'Their length in seconds.';
COMMENT ON COLUMN analytics.deleted_recordings.deleted_id IS 'Number of the row.';

-- Who fills the warehouse goes on without another call of rollcall loader.
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_loader') AND has_table_privilege('rollcall_loader', 'analytics.usage_days', 'INSERT') THEN
        GRANT SELECT, INSERT, UPDATE ON realtimekit.recordings, realtimekit.livestream_sessions, sync.livestream_states TO rollcall_loader;
        GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.deleted_recordings TO rollcall_loader;
    END IF;
END
$$;
-- +goose StatementEnd

-- +rollcall define recording_usage
-- +rollcall define usage_cost
-- +rollcall define usage_by_meeting
-- +rollcall define reconciliation

-- +goose Down
DROP VIEW analytics.usage_by_meeting, analytics.usage_cost, analytics.recording_usage, analytics.reconciliation;
DROP TABLE analytics.deleted_recordings;
DELETE FROM analytics.prices WHERE usage_kind <> 'participant';
DROP INDEX analytics.prices_key;
ALTER TABLE analytics.prices DROP CONSTRAINT prices_preset_check, DROP COLUMN usage_kind;
CREATE UNIQUE INDEX prices_key ON analytics.prices (app_id, preset_name, preset_view_type, valid_from) NULLS NOT DISTINCT;
COMMENT ON TABLE  analytics.prices IS 'Your prices by participant-minute, edited by you; empty as shipped. The most specific row counts: app before preset before view type; of those the newest that is valid on the day.';
COMMENT ON COLUMN analytics.prices.preset_name IS 'Preset that the price is for; null for all.';
COMMENT ON COLUMN analytics.prices.preset_view_type IS 'View type that the price is for, such as AUDIO_ROOM; null for all.';
COMMENT ON COLUMN analytics.prices.price_per_minute IS 'Price of one participant-minute, in the currency.';
-- +rollcall define usage_cost
-- +rollcall define reconciliation
DELETE FROM sync.rejected_records WHERE entity IN ('recording', 'livestream_session');
ALTER TABLE sync.rejected_records DROP CONSTRAINT rejected_records_entity_check;
ALTER TABLE sync.rejected_records ADD CONSTRAINT rejected_records_entity_check
    CHECK (entity IN ('app', 'session', 'participant', 'peer_event',
                      'meeting', 'meeting_participant', 'daily_stats', 'peer_report'));
COMMENT ON COLUMN sync.rejected_records.entity IS 'app, session, participant, peer_event, meeting, meeting_participant, daily_stats or peer_report. Of the last four, raw_text is what is left after everything that may hold a secret was taken out.';
DELETE FROM sync.endpoint_states WHERE endpoint IN ('recordings', 'livestreams');
ALTER TABLE sync.endpoint_states DROP CONSTRAINT endpoint_states_endpoint_check;
ALTER TABLE sync.endpoint_states ADD CONSTRAINT endpoint_states_endpoint_check
    CHECK (endpoint IN ('enrolment', 'daywise', 'peer-reports'));
COMMENT ON TABLE  sync.endpoint_states IS 'How the optional reads went: enrolment, daywise and peer-reports. One row an app and read.';
COMMENT ON COLUMN sync.endpoint_states.endpoint IS 'enrolment, daywise or peer-reports, as in --with and --without.';
COMMENT ON COLUMN sync.endpoint_states.stored_rows IS 'daywise: rows of realtimekit.daily_stats that the app had when it was last read; fewer were lost. Null where that is not known.';
DROP INDEX realtimekit.sessions_streamed;
DROP TABLE sync.livestream_states, realtimekit.livestream_sessions, realtimekit.recordings;

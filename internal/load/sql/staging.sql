-- One session on its way in. Temporary, so no WAL and no trace after a crash.
-- Two sessions never share the tables: they belong to one connection.
CREATE TEMP TABLE IF NOT EXISTS staged_participants (
    seq                   bigint NOT NULL,
    pass                  bigint NOT NULL,
    participant_id        uuid   NOT NULL,
    user_id               text,
    custom_participant_id text,
    display_name          text,
    preset_name           text,
    joined_at             timestamptz,
    left_at               timestamptz,
    duration_minutes      double precision,
    created_at            timestamptz,
    updated_at            timestamptz,
    extra                 jsonb,
    repairs               jsonb
);
CREATE TEMP TABLE IF NOT EXISTS staged_peer_events (
    seq               bigint NOT NULL,
    pass              bigint NOT NULL,
    participant_id    uuid   NOT NULL,
    event_id          uuid   NOT NULL,
    event_name        text,
    peer_id           text,
    socket_session_id text,
    preset_view_type  text,
    minutes_consumed  double precision,
    created_at        timestamptz,
    updated_at        timestamptz,
    own_ids           integer,
    extra             jsonb,
    repairs           jsonb
);
CREATE TEMP TABLE IF NOT EXISTS staged_rejected_records (
    seq        bigint NOT NULL,
    pass       bigint NOT NULL,
    entity     text   NOT NULL,
    app_id     text,
    session_id uuid,
    record_key text,
    reason     text,
    raw_text   text
);
TRUNCATE pg_temp.staged_participants, pg_temp.staged_peer_events, pg_temp.staged_rejected_records;

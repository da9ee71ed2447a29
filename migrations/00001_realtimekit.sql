-- +goose Up
CREATE SCHEMA realtimekit;
COMMENT ON SCHEMA realtimekit IS 'What Cloudflare RealtimeKit recorded: apps, meetings, sessions, participants and peer events, as its API gives them.';

CREATE TABLE realtimekit.apps (
    app_id          text        NOT NULL PRIMARY KEY,
    account_id      text        NOT NULL,
    name            text,
    created_at      timestamptz,
    extra           jsonb,
    repairs         jsonb,
    first_synced_at timestamptz NOT NULL,
    synced_at       timestamptz NOT NULL,
    run_id          bigint      NOT NULL
);
COMMENT ON TABLE  realtimekit.apps IS 'RealtimeKit apps: isolated workspaces of an account, such as staging and production. One row an app. Source: GET /apps.';
COMMENT ON COLUMN realtimekit.apps.app_id IS 'Id of the app. API: id; organization_id of a session.';
COMMENT ON COLUMN realtimekit.apps.account_id IS 'Cloudflare account that the app belongs to, as configured.';
COMMENT ON COLUMN realtimekit.apps.name IS 'Name of the app; null for an app that was configured by id and not listed. API: name.';
COMMENT ON COLUMN realtimekit.apps.created_at IS 'When the app was made, UTC. API: created_at.';
COMMENT ON COLUMN realtimekit.apps.extra IS 'Fields of the API that Rollcall does not know, as a JSON object; null where there are none.';
COMMENT ON COLUMN realtimekit.apps.repairs IS 'Column name to the raw text of each value that was mended; null where none was.';
COMMENT ON COLUMN realtimekit.apps.first_synced_at IS 'When Rollcall first stored the row, UTC.';
COMMENT ON COLUMN realtimekit.apps.synced_at IS 'When Rollcall last changed the row, UTC.';
COMMENT ON COLUMN realtimekit.apps.run_id IS 'Run that last changed the row: sync.runs.run_id.';

CREATE TABLE realtimekit.meetings (
    app_id          text        NOT NULL REFERENCES realtimekit.apps (app_id),
    meeting_id      text        NOT NULL,
    title           text,
    extra           jsonb,
    repairs         jsonb,
    first_synced_at timestamptz NOT NULL,
    synced_at       timestamptz NOT NULL,
    run_id          bigint      NOT NULL,
    PRIMARY KEY (app_id, meeting_id)
);
COMMENT ON TABLE  realtimekit.meetings IS 'Meetings: reusable rooms, of which sessions are the live runs. One row a meeting that had a session.';
COMMENT ON COLUMN realtimekit.meetings.app_id IS 'App of the meeting: realtimekit.apps.app_id.';
COMMENT ON COLUMN realtimekit.meetings.meeting_id IS 'Id of the meeting within its app; a UUID or, in older accounts, a room name. API: associated_id of a session.';
COMMENT ON COLUMN realtimekit.meetings.title IS 'Title of the meeting as its newest session showed it. API: meeting_display_name of a session.';
COMMENT ON COLUMN realtimekit.meetings.extra IS 'Fields of the API that Rollcall does not know, as a JSON object; null where there are none.';
COMMENT ON COLUMN realtimekit.meetings.repairs IS 'Column name to the raw text of each value that was mended; null where none was.';
COMMENT ON COLUMN realtimekit.meetings.first_synced_at IS 'When Rollcall first stored the row, UTC.';
COMMENT ON COLUMN realtimekit.meetings.synced_at IS 'When Rollcall last changed the row, UTC.';
COMMENT ON COLUMN realtimekit.meetings.run_id IS 'Run that last changed the row: sync.runs.run_id.';

CREATE TABLE realtimekit.sessions (
    session_id                  uuid        NOT NULL PRIMARY KEY,
    app_id                      text        NOT NULL REFERENCES realtimekit.apps (app_id),
    meeting_id                  text,
    meeting_title               text,
    session_type                text,
    status                      text,
    live_participants           bigint,
    max_concurrent_participants bigint,
    minutes_consumed            double precision,
    started_at                  timestamptz,
    ended_at                    timestamptz,
    created_at                  timestamptz,
    updated_at                  timestamptz,
    extra                       jsonb,
    repairs                     jsonb,
    first_synced_at             timestamptz NOT NULL,
    synced_at                   timestamptz NOT NULL,
    run_id                      bigint      NOT NULL,
    FOREIGN KEY (app_id, meeting_id) REFERENCES realtimekit.meetings (app_id, meeting_id)
);
CREATE INDEX sessions_by_meeting ON realtimekit.sessions (app_id, meeting_id, created_at);
CREATE INDEX sessions_by_start ON realtimekit.sessions (started_at);
COMMENT ON TABLE  realtimekit.sessions IS 'Sessions: one live run of a meeting, from the first participant joining until shortly after the last leaves. One row a session. Source: GET /{app_id}/sessions.';
COMMENT ON COLUMN realtimekit.sessions.session_id IS 'Id of the session. API: id.';
COMMENT ON COLUMN realtimekit.sessions.app_id IS 'App of the session: realtimekit.apps.app_id. API: organization_id.';
COMMENT ON COLUMN realtimekit.sessions.meeting_id IS 'Meeting that the session is a run of: realtimekit.meetings. API: associated_id.';
COMMENT ON COLUMN realtimekit.sessions.meeting_title IS 'Title of the meeting at the time. API: meeting_display_name.';
COMMENT ON COLUMN realtimekit.sessions.session_type IS 'meeting, livestream or participant (not documented; seen with breakout rooms). API: type.';
COMMENT ON COLUMN realtimekit.sessions.status IS 'LIVE or ENDED. API: status.';
COMMENT ON COLUMN realtimekit.sessions.live_participants IS 'Number of participants inside when the session was last read. API: live_participants.';
COMMENT ON COLUMN realtimekit.sessions.max_concurrent_participants IS 'Most participants inside at the same time, as the vendor counts. API: max_concurrent_participants.';
COMMENT ON COLUMN realtimekit.sessions.minutes_consumed IS 'Participant-minutes that the vendor counts for the session, fractional; lags behind while it is live. API: minutes_consumed.';
COMMENT ON COLUMN realtimekit.sessions.started_at IS 'When the session began, UTC. API: started_at.';
COMMENT ON COLUMN realtimekit.sessions.ended_at IS 'When the session ended, UTC; null while it is live. API: ended_at.';
COMMENT ON COLUMN realtimekit.sessions.created_at IS 'When the vendor made the record, UTC. API: created_at.';
COMMENT ON COLUMN realtimekit.sessions.updated_at IS 'When the vendor last changed the record, UTC. API: updated_at.';
COMMENT ON COLUMN realtimekit.sessions.extra IS 'Fields of the API that Rollcall does not know, as a JSON object; null where there are none.';
COMMENT ON COLUMN realtimekit.sessions.repairs IS 'Column name to the raw text of each value that was mended; null where none was.';
COMMENT ON COLUMN realtimekit.sessions.first_synced_at IS 'When Rollcall first stored the row, UTC.';
COMMENT ON COLUMN realtimekit.sessions.synced_at IS 'When Rollcall last changed the row, UTC.';
COMMENT ON COLUMN realtimekit.sessions.run_id IS 'Run that last changed the row: sync.runs.run_id.';

CREATE TABLE realtimekit.participants (
    session_id            uuid        NOT NULL REFERENCES realtimekit.sessions (session_id),
    participant_id        uuid        NOT NULL,
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
    repairs               jsonb,
    removed_at            timestamptz,
    first_synced_at       timestamptz NOT NULL DEFAULT now(),
    synced_at             timestamptz NOT NULL DEFAULT now(),
    run_id                bigint      NOT NULL,
    PRIMARY KEY (session_id, participant_id)
);
CREATE INDEX participants_by_user ON realtimekit.participants (user_id);
CREATE INDEX participants_by_custom_id ON realtimekit.participants (custom_participant_id);
COMMENT ON TABLE  realtimekit.participants IS 'Participants of sessions, one row a peer: a person with two devices has two rows with the same user_id, whose times overlap. Source: GET /{app_id}/sessions/{session_id}/participants, view=raw.';
COMMENT ON COLUMN realtimekit.participants.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN realtimekit.participants.participant_id IS 'Id of the peer within the session. API: id.';
COMMENT ON COLUMN realtimekit.participants.user_id IS 'Permanent id of the person as enrolled in the meeting. API: user_id.';
COMMENT ON COLUMN realtimekit.participants.custom_participant_id IS 'The id that your own system gave the person; may be personal data. API: custom_participant_id.';
COMMENT ON COLUMN realtimekit.participants.display_name IS 'Name shown in the session; personal data. API: display_name.';
COMMENT ON COLUMN realtimekit.participants.preset_name IS 'Preset (role) in the session, such as student or host. API: preset_name.';
COMMENT ON COLUMN realtimekit.participants.joined_at IS 'When the peer first joined, UTC. API: joined_at.';
COMMENT ON COLUMN realtimekit.participants.left_at IS 'When the peer last left, UTC; null while inside, and sometimes for ever after a crash. API: left_at.';
COMMENT ON COLUMN realtimekit.participants.duration_minutes IS 'Minutes in this session, fractional, breakout rooms not added. API: duration.';
COMMENT ON COLUMN realtimekit.participants.created_at IS 'When the vendor made the record, UTC. API: created_at.';
COMMENT ON COLUMN realtimekit.participants.updated_at IS 'When the vendor last changed the record, UTC. API: updated_at.';
COMMENT ON COLUMN realtimekit.participants.extra IS 'Fields of the API that Rollcall does not know, as a JSON object; null where there are none.';
COMMENT ON COLUMN realtimekit.participants.repairs IS 'Column name to the raw text of each value that was mended; null where none was.';
COMMENT ON COLUMN realtimekit.participants.removed_at IS 'When a full reading of the session first no longer listed the participant, UTC; null while the vendor lists it.';
COMMENT ON COLUMN realtimekit.participants.first_synced_at IS 'When Rollcall first stored the row, UTC.';
COMMENT ON COLUMN realtimekit.participants.synced_at IS 'When Rollcall last changed the row, UTC.';
COMMENT ON COLUMN realtimekit.participants.run_id IS 'Run that last changed the row: sync.runs.run_id.';

CREATE TABLE realtimekit.peer_events (
    session_id        uuid        NOT NULL,
    participant_id    uuid        NOT NULL,
    event_id          uuid        NOT NULL,
    event_name        text,
    peer_id           text,
    socket_session_id text,
    preset_view_type  text,
    minutes_consumed  double precision,
    created_at        timestamptz,
    updated_at        timestamptz,
    extra             jsonb,
    repairs           jsonb,
    first_synced_at   timestamptz NOT NULL DEFAULT now(),
    synced_at         timestamptz NOT NULL DEFAULT now(),
    run_id            bigint      NOT NULL,
    PRIMARY KEY (session_id, participant_id, event_id),
    FOREIGN KEY (session_id, participant_id) REFERENCES realtimekit.participants (session_id, participant_id)
);
COMMENT ON TABLE  realtimekit.peer_events IS 'Steps of a participant''s connection: created, joining, leaving. One row an event of a participant; event ids repeat across participants. Never deleted, though the vendor may stop serving old ones.';
COMMENT ON COLUMN realtimekit.peer_events.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN realtimekit.peer_events.participant_id IS 'Participant under whom the API listed the event: realtimekit.participants.participant_id.';
COMMENT ON COLUMN realtimekit.peer_events.event_id IS 'Id of the event. API: id.';
COMMENT ON COLUMN realtimekit.peer_events.event_name IS 'PEER_CREATED (connection prepared, possibly in the waiting room), PEER_JOINING (enters), PEER_LEAVING (leaves), or a word that the vendor adds. API: event_name.';
COMMENT ON COLUMN realtimekit.peer_events.peer_id IS 'Peer of the event; may differ from the participant''s id, after a reconnect for instance. API: peer_id.';
COMMENT ON COLUMN realtimekit.peer_events.socket_session_id IS 'Id of the socket session. API: socket_session_id.';
COMMENT ON COLUMN realtimekit.peer_events.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT. API: preset_view_type.';
COMMENT ON COLUMN realtimekit.peer_events.minutes_consumed IS 'Minutes credited by the event, fractional; on PEER_LEAVING. API: minutes_consumed.';
COMMENT ON COLUMN realtimekit.peer_events.created_at IS 'When the event happened, UTC. API: created_at.';
COMMENT ON COLUMN realtimekit.peer_events.updated_at IS 'When the vendor last changed the record, UTC. API: updated_at.';
COMMENT ON COLUMN realtimekit.peer_events.extra IS 'Fields of the API that Rollcall does not know, as a JSON object; null where there are none.';
COMMENT ON COLUMN realtimekit.peer_events.repairs IS 'Column name to the raw text of each value that was mended; null where none was.';
COMMENT ON COLUMN realtimekit.peer_events.first_synced_at IS 'When Rollcall first stored the row, UTC.';
COMMENT ON COLUMN realtimekit.peer_events.synced_at IS 'When Rollcall last changed the row, UTC.';
COMMENT ON COLUMN realtimekit.peer_events.run_id IS 'Run that last changed the row: sync.runs.run_id.';

-- +goose Down
DROP SCHEMA realtimekit CASCADE;

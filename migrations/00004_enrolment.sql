-- +goose Up
ALTER TABLE realtimekit.meetings
    ADD COLUMN configured_title           text,
    ADD COLUMN status                     text,
    ADD COLUMN record_on_start            boolean,
    ADD COLUMN persist_chat               boolean,
    ADD COLUMN live_stream_on_start       boolean,
    ADD COLUMN transcribe_on_end          boolean,
    ADD COLUMN summarize_on_end           boolean,
    ADD COLUMN session_keep_alive_seconds bigint,
    ADD COLUMN created_at                 timestamptz,
    ADD COLUMN updated_at                 timestamptz;
COMMENT ON TABLE  realtimekit.meetings IS 'Meetings: reusable rooms, of which sessions are the live runs. One row a meeting that had a session. The columns from configured_title on come from the meeting''s own record and are null until that was read. Its storage and recording settings are never stored. Source: sessions; GET /{app_id}/meetings.';
COMMENT ON COLUMN realtimekit.meetings.configured_title IS 'Title in the meeting''s own record, which may have changed since its last session. API: title.';
COMMENT ON COLUMN realtimekit.meetings.status IS 'ACTIVE or INACTIVE. API: status.';
COMMENT ON COLUMN realtimekit.meetings.record_on_start IS 'Whether its sessions are recorded from the start. API: record_on_start.';
COMMENT ON COLUMN realtimekit.meetings.persist_chat IS 'Whether the vendor keeps its chat. API: persist_chat.';
COMMENT ON COLUMN realtimekit.meetings.live_stream_on_start IS 'Whether its sessions are streamed from the start. API: live_stream_on_start.';
COMMENT ON COLUMN realtimekit.meetings.transcribe_on_end IS 'Whether its sessions are transcribed after the end. API: transcribe_on_end.';
COMMENT ON COLUMN realtimekit.meetings.summarize_on_end IS 'Whether its sessions are summarised after the end. API: summarize_on_end.';
COMMENT ON COLUMN realtimekit.meetings.session_keep_alive_seconds IS 'How long a session stays open after the last participant left, in seconds. API: session_keep_alive_time_in_secs.';
COMMENT ON COLUMN realtimekit.meetings.created_at IS 'When the meeting was made, UTC. API: created_at.';
COMMENT ON COLUMN realtimekit.meetings.updated_at IS 'When the vendor last changed the meeting''s record, UTC. API: updated_at.';
COMMENT ON COLUMN realtimekit.meetings.extra IS 'Numbers and booleans of the API that Rollcall does not know, and under dropped_fields the names of what it left out because it may hold a secret; null where there are none.';

CREATE TABLE realtimekit.meeting_participants (
    app_id                 text        NOT NULL,
    meeting_id             text        NOT NULL,
    meeting_participant_id text        NOT NULL,
    custom_participant_id  text,
    display_name           text,
    preset_name            text,
    created_at             timestamptz,
    updated_at             timestamptz,
    extra                  jsonb,
    repairs                jsonb,
    last_listed_at         timestamptz,
    removed_at             timestamptz,
    first_synced_at        timestamptz NOT NULL,
    synced_at              timestamptz NOT NULL,
    run_id                 bigint      NOT NULL,
    PRIMARY KEY (app_id, meeting_id, meeting_participant_id),
    FOREIGN KEY (app_id, meeting_id) REFERENCES realtimekit.meetings (app_id, meeting_id)
);
CREATE INDEX meeting_participants_by_custom_id ON realtimekit.meeting_participants (custom_participant_id);
COMMENT ON TABLE  realtimekit.meeting_participants IS 'People enrolled in a meeting, whether or not they ever came: the base of no-shows. One row a person and meeting. Read when a meeting has a new session or one that ended. Source: GET /{app_id}/meetings/{meeting_id}/participants.';
COMMENT ON COLUMN realtimekit.meeting_participants.app_id IS 'App of the meeting.';
COMMENT ON COLUMN realtimekit.meeting_participants.meeting_id IS 'Meeting: realtimekit.meetings.';
COMMENT ON COLUMN realtimekit.meeting_participants.meeting_participant_id IS 'Id of the enrolment; as far as the vendor''s documents tell, the user_id of realtimekit.participants. API: id.';
COMMENT ON COLUMN realtimekit.meeting_participants.custom_participant_id IS 'The customer''s own id of the person; may be personal data. API: custom_participant_id.';
COMMENT ON COLUMN realtimekit.meeting_participants.display_name IS 'Name of the person. API: name.';
COMMENT ON COLUMN realtimekit.meeting_participants.preset_name IS 'Preset (role) of the person. API: preset_name.';
COMMENT ON COLUMN realtimekit.meeting_participants.created_at IS 'When the person was enrolled, UTC. API: created_at.';
COMMENT ON COLUMN realtimekit.meeting_participants.updated_at IS 'When the vendor last changed the enrolment, UTC. API: updated_at.';
COMMENT ON COLUMN realtimekit.meeting_participants.extra IS 'Numbers and booleans of the API that Rollcall does not know, and under dropped_fields the names of what it left out because it may hold a secret; null where there are none.';
COMMENT ON COLUMN realtimekit.meeting_participants.repairs IS 'Column name to the raw text of each value that was mended; null where none was.';
COMMENT ON COLUMN realtimekit.meeting_participants.last_listed_at IS 'Last reading that still listed a person who is enrolled no more, UTC; null while listed.';
COMMENT ON COLUMN realtimekit.meeting_participants.removed_at IS 'When a full reading no longer listed the person, UTC; null while listed.';
COMMENT ON COLUMN realtimekit.meeting_participants.first_synced_at IS 'When Rollcall first stored the row, UTC.';
COMMENT ON COLUMN realtimekit.meeting_participants.synced_at IS 'When Rollcall last changed the row, UTC.';
COMMENT ON COLUMN realtimekit.meeting_participants.run_id IS 'Run that last changed the row: sync.runs.run_id.';

CREATE TABLE realtimekit.daily_stats (
    app_id                  text        NOT NULL REFERENCES realtimekit.apps (app_id),
    stats_date              date        NOT NULL,
    total_sessions          bigint,
    total_session_minutes   double precision,
    total_recordings        bigint,
    total_recording_minutes double precision,
    extra                   jsonb,
    repairs                 jsonb,
    first_synced_at         timestamptz NOT NULL,
    synced_at               timestamptz NOT NULL,
    run_id                  bigint      NOT NULL,
    PRIMARY KEY (app_id, stats_date)
);
COMMENT ON TABLE  realtimekit.daily_stats IS 'The vendor''s own counts of each day, to compare with what was copied (analytics.reconciliation). One row an app and day; days without data are not in the answer. Source: GET /{app_id}/analytics/daywise.';
COMMENT ON COLUMN realtimekit.daily_stats.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN realtimekit.daily_stats.stats_date IS 'Day, UTC. API: day.';
COMMENT ON COLUMN realtimekit.daily_stats.total_sessions IS 'Sessions that the vendor counts for the day; null where the answer had none for it. API: total_sessions.';
COMMENT ON COLUMN realtimekit.daily_stats.total_session_minutes IS 'Participant-minutes that the vendor counts for the day, fractional. API: total_session_minutes.';
COMMENT ON COLUMN realtimekit.daily_stats.total_recordings IS 'Recordings of the day; null where the answer had none for it. API: total_recordings.';
COMMENT ON COLUMN realtimekit.daily_stats.total_recording_minutes IS 'Recorded minutes of the day, fractional. API: total_recording_minutes.';
COMMENT ON COLUMN realtimekit.daily_stats.extra IS 'Numbers and booleans of the API that Rollcall does not know, and under dropped_fields the names of what it left out because it may hold a secret; null where there are none.';
COMMENT ON COLUMN realtimekit.daily_stats.repairs IS 'Column name to the raw text of each value that was mended; null where none was.';
COMMENT ON COLUMN realtimekit.daily_stats.first_synced_at IS 'When Rollcall first stored the row, UTC.';
COMMENT ON COLUMN realtimekit.daily_stats.synced_at IS 'When Rollcall last changed the row, UTC.';
COMMENT ON COLUMN realtimekit.daily_stats.run_id IS 'Run that last changed the row: sync.runs.run_id.';

CREATE TABLE realtimekit.peer_reports (
    session_id                         uuid        NOT NULL,
    participant_id                     uuid        NOT NULL,
    peer_id                            uuid        NOT NULL,
    preset_name                        text,
    sdk_name                           text,
    sdk_version                        text,
    room_view_type                     text,
    os_name                            text,
    os_version                         text,
    is_mobile                          boolean,
    cpu_count                          bigint,
    browser_name                       text,
    browser_version                    text,
    network_type                       text,
    country                            text,
    ip_address                         text,
    audio_sent_mos                     double precision,
    audio_sent_packet_loss             double precision,
    audio_sent_rtt                     double precision,
    audio_sent_jitter                  double precision,
    audio_received_mos                 double precision,
    audio_received_packet_loss         double precision,
    audio_received_jitter              double precision,
    audio_received_jitter_buffer_delay double precision,
    video_sent_mos                     double precision,
    video_sent_packet_loss             double precision,
    video_sent_rtt                     double precision,
    video_sent_jitter                  double precision,
    video_received_mos                 double precision,
    video_received_packet_loss         double precision,
    video_received_jitter              double precision,
    video_received_jitter_buffer_delay double precision,
    extra                              jsonb,
    repairs                            jsonb,
    first_synced_at                    timestamptz NOT NULL,
    synced_at                          timestamptz NOT NULL,
    run_id                             bigint      NOT NULL,
    PRIMARY KEY (session_id, participant_id, peer_id),
    FOREIGN KEY (session_id, participant_id) REFERENCES realtimekit.participants (session_id, participant_id)
);
COMMENT ON TABLE  realtimekit.peer_reports IS 'Call statistics of each peer, read with --with peer-reports. One row a peer. The vendor keeps them for six months. Numbers are as the API gives them; the vendor documents no unit for loss, round-trip time, jitter and delay. Source: GET /{app_id}/sessions/peer-report/{peer_id}.';
COMMENT ON COLUMN realtimekit.peer_reports.session_id IS 'Session of the participant.';
COMMENT ON COLUMN realtimekit.peer_reports.participant_id IS 'Participant: realtimekit.participants.';
COMMENT ON COLUMN realtimekit.peer_reports.peer_id IS 'Peer that the report is about: the participant''s own id, or one that its events name.';
COMMENT ON COLUMN realtimekit.peer_reports.preset_name IS 'Preset (role). API: role.';
COMMENT ON COLUMN realtimekit.peer_reports.sdk_name IS 'The vendor''s client library. API: metadata.sdk_name.';
COMMENT ON COLUMN realtimekit.peer_reports.sdk_version IS 'Version of that library. API: metadata.sdk_version.';
COMMENT ON COLUMN realtimekit.peer_reports.room_view_type IS 'GROUP_CALL, WEBINAR and the like. API: metadata.room_view_type.';
COMMENT ON COLUMN realtimekit.peer_reports.os_name IS 'Operating system. API: metadata.device_info.os.';
COMMENT ON COLUMN realtimekit.peer_reports.os_version IS 'Version of the operating system. API: metadata.device_info.os_version.';
COMMENT ON COLUMN realtimekit.peer_reports.is_mobile IS 'Whether the device is a mobile one. API: metadata.device_info.is_mobile.';
COMMENT ON COLUMN realtimekit.peer_reports.cpu_count IS 'Number of processors of the device. API: metadata.device_info.cpus.';
COMMENT ON COLUMN realtimekit.peer_reports.browser_name IS 'Browser. API: metadata.browser_metadata.browser.';
COMMENT ON COLUMN realtimekit.peer_reports.browser_version IS 'Version of the browser. API: metadata.browser_metadata.browser_version.';
COMMENT ON COLUMN realtimekit.peer_reports.network_type IS 'Kind of network as the browser guesses it, first connection. API: metadata.pc_metadata[].effective_network_type.';
COMMENT ON COLUMN realtimekit.peer_reports.country IS 'Country of the network address. API: metadata.ip_information.country.';
COMMENT ON COLUMN realtimekit.peer_reports.ip_address IS 'Network address, personal data; null unless read with --with peer-report-ips. API: metadata.ip_information.ipv4.';
COMMENT ON COLUMN realtimekit.peer_reports.audio_sent_mos IS 'Mean opinion score of the audio that the peer sent, 1 (bad) to 5. API: audio_producer_cumulative.quality_mos.avg, else the mean of the samples.';
COMMENT ON COLUMN realtimekit.peer_reports.audio_sent_packet_loss IS 'Packet loss of the audio that the peer sent, in the API''s unit. API: audio_producer_cumulative.packet_loss.avg.';
COMMENT ON COLUMN realtimekit.peer_reports.audio_sent_rtt IS 'Round-trip time of the audio that the peer sent, in the API''s unit. API: audio_producer_cumulative.rtt.avg, else the mean of the samples.';
COMMENT ON COLUMN realtimekit.peer_reports.audio_sent_jitter IS 'Jitter of the audio that the peer sent, in the API''s unit. API: mean of audio_producer[].jitter.';
COMMENT ON COLUMN realtimekit.peer_reports.audio_received_mos IS 'Mean opinion score of the audio that the peer received, 1 (bad) to 5. API: audio_consumer_cumulative.quality_mos.avg, else the mean of the samples.';
COMMENT ON COLUMN realtimekit.peer_reports.audio_received_packet_loss IS 'Packet loss of the audio that the peer received, in the API''s unit. API: audio_consumer_cumulative.packet_loss.avg.';
COMMENT ON COLUMN realtimekit.peer_reports.audio_received_jitter IS 'Jitter of the audio that the peer received, in the API''s unit. API: mean of audio_consumer[].jitter.';
COMMENT ON COLUMN realtimekit.peer_reports.audio_received_jitter_buffer_delay IS 'Delay by the jitter buffer of the audio that the peer received, in the API''s unit. API: audio_consumer_cumulative.jitter_buffer_delay.avg.';
COMMENT ON COLUMN realtimekit.peer_reports.video_sent_mos IS 'Mean opinion score of the video that the peer sent, 1 (bad) to 5. API: video_producer_cumulative.quality_mos.avg, else the mean of the samples.';
COMMENT ON COLUMN realtimekit.peer_reports.video_sent_packet_loss IS 'Packet loss of the video that the peer sent, in the API''s unit. API: video_producer_cumulative.packet_loss.avg.';
COMMENT ON COLUMN realtimekit.peer_reports.video_sent_rtt IS 'Round-trip time of the video that the peer sent, in the API''s unit. API: video_producer_cumulative.rtt.avg, else the mean of the samples.';
COMMENT ON COLUMN realtimekit.peer_reports.video_sent_jitter IS 'Jitter of the video that the peer sent, in the API''s unit. API: mean of video_producer[].jitter.';
COMMENT ON COLUMN realtimekit.peer_reports.video_received_mos IS 'Mean opinion score of the video that the peer received, 1 (bad) to 5. API: video_consumer_cumulative.quality_mos.avg, else the mean of the samples.';
COMMENT ON COLUMN realtimekit.peer_reports.video_received_packet_loss IS 'Packet loss of the video that the peer received, in the API''s unit. API: video_consumer_cumulative.packet_loss.avg.';
COMMENT ON COLUMN realtimekit.peer_reports.video_received_jitter IS 'Jitter of the video that the peer received, in the API''s unit. API: mean of video_consumer[].jitter.';
COMMENT ON COLUMN realtimekit.peer_reports.video_received_jitter_buffer_delay IS 'Delay by the jitter buffer of the video that the peer received, in the API''s unit. API: video_consumer_cumulative.jitter_buffer_delay.avg.';
COMMENT ON COLUMN realtimekit.peer_reports.extra IS 'Always null: a peer report holds network addresses and session descriptions, so that unknown fields of it are not kept.';
COMMENT ON COLUMN realtimekit.peer_reports.repairs IS 'Name of a value to its raw text where it was mended or left out; null where none was.';
COMMENT ON COLUMN realtimekit.peer_reports.first_synced_at IS 'When Rollcall first stored the row, UTC.';
COMMENT ON COLUMN realtimekit.peer_reports.synced_at IS 'When Rollcall last changed the row, UTC.';
COMMENT ON COLUMN realtimekit.peer_reports.run_id IS 'Run that last changed the row: sync.runs.run_id.';

CREATE TABLE sync.meeting_states (
    app_id           text    NOT NULL,
    meeting_id       text    NOT NULL,
    sessions_seen    bigint,
    sessions_ended   bigint,
    distinct_people  bigint,
    announced_people bigint,
    read_at          timestamptz,
    gone_at          timestamptz,
    attempts         integer NOT NULL DEFAULT 0,
    not_found        integer NOT NULL DEFAULT 0,
    retry_at         timestamptz,
    tried_sessions   bigint,
    tried_ended      bigint,
    empty_since      timestamptz,
    last_error       text,
    run_id           bigint  NOT NULL,
    PRIMARY KEY (app_id, meeting_id)
);
COMMENT ON TABLE  sync.meeting_states IS 'What was seen of each meeting''s enrolment when it was last read. It is read again when the meeting has a new session, or one that ended since. One row a meeting.';
COMMENT ON COLUMN sync.meeting_states.app_id IS 'App of the meeting.';
COMMENT ON COLUMN sync.meeting_states.meeting_id IS 'Meeting.';
COMMENT ON COLUMN sync.meeting_states.sessions_seen IS 'Sessions that the meeting had in the warehouse at the last sound reading.';
COMMENT ON COLUMN sync.meeting_states.sessions_ended IS 'Of those, sessions that had ended.';
COMMENT ON COLUMN sync.meeting_states.distinct_people IS 'Different people that the last reading found, those set aside included.';
COMMENT ON COLUMN sync.meeting_states.announced_people IS 'People that the API announced; null where it announced none.';
COMMENT ON COLUMN sync.meeting_states.read_at IS 'When the last sound reading was stored, UTC.';
COMMENT ON COLUMN sync.meeting_states.gone_at IS 'When the meeting was given up since the API does not know it, UTC: three answers in a row said so, or it refused the id as malformed. It is asked for again when the meeting has a new session, or one that ended since.';
COMMENT ON COLUMN sync.meeting_states.attempts IS 'Readings in a row that failed, 0 once the meeting is given up.';
COMMENT ON COLUMN sync.meeting_states.not_found IS 'Of the last attempts, those in a row to which the API answered that it does not know the meeting (404).';
COMMENT ON COLUMN sync.meeting_states.retry_at IS 'Before this time the meeting is not read again unless its sessions change, UTC; the pause grows with the attempts, up to a day. Null where nothing is wrong.';
COMMENT ON COLUMN sync.meeting_states.tried_sessions IS 'Sessions that the meeting had in the warehouse at the last reading that failed or did not add up; null where nothing is wrong.';
COMMENT ON COLUMN sync.meeting_states.tried_ended IS 'Of those, sessions that had ended.';
COMMENT ON COLUMN sync.meeting_states.empty_since IS 'Since when every reading found nobody and no announced count, UTC: believed after a quarter of an hour. Null where the last one did not.';
COMMENT ON COLUMN sync.meeting_states.last_error IS 'Why the last reading failed; null otherwise.';
COMMENT ON COLUMN sync.meeting_states.run_id IS 'Run that last read or tried to read it: sync.runs.run_id.';

CREATE TABLE sync.endpoint_states (
    app_id         text        NOT NULL,
    endpoint       text        NOT NULL CHECK (endpoint IN ('enrolment', 'daywise', 'peer-reports')),
    asked_at       timestamptz NOT NULL,
    read_at        timestamptz,
    asked_from     date,
    covered_from   date,
    unavailable_at timestamptz,
    last_error     text,
    run_id         bigint      NOT NULL,
    PRIMARY KEY (app_id, endpoint)
);
COMMENT ON TABLE  sync.endpoint_states IS 'How the optional reads went: enrolment, daywise and peer-reports. One row an app and read.';
COMMENT ON COLUMN sync.endpoint_states.app_id IS 'App.';
COMMENT ON COLUMN sync.endpoint_states.endpoint IS 'enrolment, daywise or peer-reports, as in --with and --without.';
COMMENT ON COLUMN sync.endpoint_states.asked_at IS 'When the API was last asked, UTC.';
COMMENT ON COLUMN sync.endpoint_states.read_at IS 'When it last answered, UTC.';
COMMENT ON COLUMN sync.endpoint_states.asked_from IS 'daywise: first day that was ever asked for, UTC.';
COMMENT ON COLUMN sync.endpoint_states.covered_from IS 'daywise: first day from which on every day was in the range of an answer, UTC.';
COMMENT ON COLUMN sync.endpoint_states.unavailable_at IS 'When the API first said that the account or token lacks this, UTC; null while it does not. It is asked again once a day.';
COMMENT ON COLUMN sync.endpoint_states.last_error IS 'Why the last reading failed or was refused; null otherwise.';
COMMENT ON COLUMN sync.endpoint_states.run_id IS 'Run that last asked: sync.runs.run_id.';

CREATE TABLE sync.peer_report_states (
    session_id     uuid        NOT NULL,
    participant_id uuid        NOT NULL,
    peer_id        uuid        NOT NULL,
    outcome        text        NOT NULL CHECK (outcome IN ('stored', 'none', 'rejected', 'failed')),
    attempts       integer     NOT NULL DEFAULT 1,
    asked_at       timestamptz NOT NULL,
    last_error     text,
    run_id         bigint      NOT NULL,
    PRIMARY KEY (session_id, participant_id, peer_id)
);
COMMENT ON TABLE  sync.peer_report_states IS 'Peers whose report was asked for. A peer whose report is stored is never asked again. One row a peer.';
COMMENT ON COLUMN sync.peer_report_states.session_id IS 'Session of the peer.';
COMMENT ON COLUMN sync.peer_report_states.participant_id IS 'Participant of the peer.';
COMMENT ON COLUMN sync.peer_report_states.peer_id IS 'Peer.';
COMMENT ON COLUMN sync.peer_report_states.outcome IS 'stored; none: the API has no report, or no more (asked once again a day after the session ended); rejected: what came could not be used and was set aside; failed. Of the last two it is asked again by a later run, five times at most.';
COMMENT ON COLUMN sync.peer_report_states.attempts IS 'How many runs have asked.';
COMMENT ON COLUMN sync.peer_report_states.asked_at IS 'Start of the run that last asked for it, UTC.';
COMMENT ON COLUMN sync.peer_report_states.last_error IS 'Why it failed; null otherwise.';
COMMENT ON COLUMN sync.peer_report_states.run_id IS 'Run that last asked: sync.runs.run_id.';

ALTER TABLE sync.rejected_records DROP CONSTRAINT rejected_records_entity_check;
ALTER TABLE sync.rejected_records ADD CONSTRAINT rejected_records_entity_check
    CHECK (entity IN ('app', 'session', 'participant', 'peer_event',
                      'meeting', 'meeting_participant', 'daily_stats', 'peer_report'));
COMMENT ON COLUMN sync.rejected_records.entity IS 'app, session, participant, peer_event, meeting, meeting_participant, daily_stats or peer_report. Of the last four, raw_text is what is left after everything that may hold a secret was taken out.';

CREATE SCHEMA IF NOT EXISTS analytics;
COMMENT ON SCHEMA analytics IS 'Questions about people, answered: views over realtimekit and sync for any BI tool.';

-- Whether somebody came is looked up by each of the two ids on its own, so that
-- either lookup can be a hash join: a webinar has thousands of both.
CREATE VIEW analytics.no_shows AS
WITH attended AS NOT MATERIALIZED (
    SELECT p.session_id, p.user_id, p.custom_participant_id
    FROM realtimekit.participants AS p
    WHERE p.joined_at IS NOT NULL
       OR EXISTS (SELECT FROM realtimekit.peer_events AS e
                  WHERE e.session_id = p.session_id AND e.participant_id = p.participant_id
                    AND e.event_name IN ('PEER_JOINING', 'PEER_LEAVING'))
)
SELECT s.session_id, e.meeting_participant_id AS person_id, e.custom_participant_id, e.display_name, e.preset_name,
       s.app_id, s.meeting_id, s.meeting_title, s.session_type, s.started_at AS session_started_at, s.ended_at AS session_ended_at,
       e.created_at AS enrolled_at,
       s.status = 'ENDED' AND st.complete_at IS NOT NULL AS is_final,
       EXISTS (SELECT FROM realtimekit.participants AS p
               WHERE p.session_id = s.session_id AND p.user_id = e.meeting_participant_id)
       OR EXISTS (SELECT FROM realtimekit.participants AS p
                  WHERE p.session_id = s.session_id AND p.custom_participant_id = e.custom_participant_id) AS was_in_waiting_room,
       NOT EXISTS (SELECT FROM attended AS a WHERE a.session_id = s.session_id) AS nobody_came,
       (SELECT count(DISTINCT p.session_id)
        FROM attended AS p JOIN realtimekit.sessions AS other USING (session_id)
        WHERE (p.user_id = e.meeting_participant_id OR p.custom_participant_id = e.custom_participant_id)
          AND other.app_id = e.app_id AND other.meeting_id = e.meeting_id) AS meeting_sessions_attended
FROM realtimekit.sessions AS s
JOIN realtimekit.meeting_participants AS e ON e.app_id = s.app_id AND e.meeting_id = s.meeting_id
LEFT JOIN sync.session_states AS st ON st.session_id = s.session_id
WHERE (e.created_at IS NULL OR e.created_at < coalesce(s.ended_at, s.updated_at, s.started_at, s.created_at))
  AND (e.removed_at IS NULL OR e.last_listed_at >= coalesce(s.started_at, s.created_at))
  AND NOT EXISTS (SELECT FROM attended AS a WHERE a.session_id = s.session_id AND a.user_id = e.meeting_participant_id)
  AND NOT EXISTS (SELECT FROM attended AS a WHERE a.session_id = s.session_id AND a.custom_participant_id = e.custom_participant_id);
COMMENT ON VIEW analytics.no_shows IS 'Who did not come: one row a session and person who was enrolled in its meeting before it ended but never entered it. A person who came under either id (user_id or custom_participant_id), on any device, is not in it; somebody who only waited in the lobby is, and so is everybody of a session that nobody entered. Only meetings whose enrolment was read. People who are enrolled on arrival are never no-shows.';
COMMENT ON COLUMN analytics.no_shows.session_id IS 'Session that the person missed.';
COMMENT ON COLUMN analytics.no_shows.person_id IS 'The person: id of the enrolment, which is person_id (user_id) in the other views.';
COMMENT ON COLUMN analytics.no_shows.custom_participant_id IS 'The customer''s own id of the person.';
COMMENT ON COLUMN analytics.no_shows.display_name IS 'Name of the person, as enrolled.';
COMMENT ON COLUMN analytics.no_shows.preset_name IS 'Preset (role) of the person, as enrolled: tells students from teachers.';
COMMENT ON COLUMN analytics.no_shows.app_id IS 'App of the session.';
COMMENT ON COLUMN analytics.no_shows.meeting_id IS 'Meeting (room, course) of the session.';
COMMENT ON COLUMN analytics.no_shows.meeting_title IS 'Title of the meeting at the time of the session.';
COMMENT ON COLUMN analytics.no_shows.session_type IS 'meeting, livestream or participant (seen with breakout rooms): leave the last out to ask about lessons only.';
COMMENT ON COLUMN analytics.no_shows.session_started_at IS 'When the session began, UTC.';
COMMENT ON COLUMN analytics.no_shows.session_ended_at IS 'When the session ended, UTC; null while it is live.';
COMMENT ON COLUMN analytics.no_shows.enrolled_at IS 'When the person was enrolled, UTC. Somebody enrolled after the end is no no-show of that session.';
COMMENT ON COLUMN analytics.no_shows.is_final IS 'False while the session is live or was not read completely: the person may still turn up.';
COMMENT ON COLUMN analytics.no_shows.was_in_waiting_room IS 'True where the person connected, under either id, but was never let in.';
COMMENT ON COLUMN analytics.no_shows.nobody_came IS 'True where nobody entered the session at all: leave these out to ask about lessons that took place.';
COMMENT ON COLUMN analytics.no_shows.meeting_sessions_attended IS 'How many sessions of this meeting the person did enter; 0 for somebody who never came at all.';

CREATE VIEW analytics.reconciliation AS
WITH own AS (
    SELECT s.app_id, (coalesce(s.started_at, s.created_at) AT TIME ZONE 'UTC')::date AS stats_date,
           count(*) AS sessions, coalesce(sum(s.minutes_consumed), 0) AS total_minutes,
           count(*) FILTER (WHERE s.session_type = 'participant') AS breakouts,
           count(*) FILTER (WHERE (coalesce(s.ended_at, s.updated_at) AT TIME ZONE 'UTC')::date
                                > (coalesce(s.started_at, s.created_at) AT TIME ZONE 'UTC')::date) AS over_midnight,
           count(*) FILTER (WHERE s.status IS DISTINCT FROM 'ENDED' OR st.complete_at IS NULL) AS open
    FROM realtimekit.sessions AS s
    LEFT JOIN sync.session_states AS st USING (session_id)
    GROUP BY 1, 2
), reach AS (
    SELECT e.app_id, e.covered_from, e.read_at, (e.read_at AT TIME ZONE 'UTC')::date AS read_date,
           (SELECT min(stats_date) FROM own WHERE own.app_id = e.app_id) AS loaded_from
    FROM sync.endpoint_states AS e
    WHERE e.endpoint = 'daywise'
), unusable AS (
    SELECT DISTINCT app_id AS of_app, left(record_key, 10) AS day
    FROM sync.rejected_records
    WHERE entity = 'daily_stats' AND resolved_at IS NULL
), joined AS (
    SELECT app_id, stats_date,
           coalesce(own.sessions, 0) AS our_sessions, coalesce(own.total_minutes, 0) AS our_minutes,
           CASE WHEN v.total_sessions IS NULL AND unusable.day IS NOT NULL THEN NULL
                WHEN v.app_id IS NOT NULL OR reach.covered_from <= stats_date THEN coalesce(v.total_sessions, 0) END AS vendor_sessions,
           CASE WHEN v.total_session_minutes IS NULL AND unusable.day IS NOT NULL THEN NULL
                WHEN v.app_id IS NOT NULL OR reach.covered_from <= stats_date THEN coalesce(v.total_session_minutes, 0) END AS vendor_minutes,
           coalesce(own.breakouts, 0) AS our_breakout_sessions, coalesce(own.over_midnight, 0) AS sessions_over_midnight,
           coalesce(own.open, 0) AS open_sessions,
           v.total_recordings AS vendor_recordings, v.total_recording_minutes AS vendor_recording_minutes,
           reach.read_at AS vendor_read_at, reach.read_date, reach.loaded_from
    FROM own
    FULL JOIN realtimekit.daily_stats AS v USING (app_id, stats_date)
    LEFT JOIN reach USING (app_id)
    LEFT JOIN unusable ON unusable.of_app = coalesce(own.app_id, v.app_id)
        AND unusable.day = to_char(coalesce(own.stats_date, v.stats_date), 'YYYY-MM-DD')
)
SELECT app_id, stats_date, our_sessions, vendor_sessions, our_sessions - vendor_sessions AS sessions_difference,
       our_minutes, vendor_minutes, round((our_minutes - vendor_minutes)::numeric, 4)::double precision AS minutes_difference,
       CASE WHEN vendor_sessions IS NULL OR vendor_minutes IS NULL THEN 'not_read'
            WHEN stats_date < loaded_from OR loaded_from IS NULL THEN 'not_loaded'
            WHEN our_sessions = vendor_sessions AND abs(our_minutes - vendor_minutes) <= 0.01 * greatest(our_sessions, 1) THEN 'agrees'
            WHEN stats_date >= read_date OR open_sessions > 0 THEN 'pending'
            ELSE 'differs' END AS status,
       our_breakout_sessions, sessions_over_midnight, open_sessions, vendor_recordings, vendor_recording_minutes, vendor_read_at
FROM joined;
COMMENT ON VIEW analytics.reconciliation IS 'Our sums against the vendor''s own, by app and day in UTC. A session counts on the day it began; which day the vendor goes by, and whether breakout rooms count there, is documented nowhere, so a difference next to sessions_over_midnight or our_breakout_sessions may be one of rules.';
COMMENT ON COLUMN analytics.reconciliation.app_id IS 'App.';
COMMENT ON COLUMN analytics.reconciliation.stats_date IS 'Day, UTC.';
COMMENT ON COLUMN analytics.reconciliation.our_sessions IS 'Sessions in the warehouse that began on the day, breakout rooms included.';
COMMENT ON COLUMN analytics.reconciliation.vendor_sessions IS 'Sessions that the vendor counts; 0 where its answer left the day out; null where the day was never asked for, or what was answered could not be used and waits in sync.rejected_records.';
COMMENT ON COLUMN analytics.reconciliation.sessions_difference IS 'our_sessions minus vendor_sessions.';
COMMENT ON COLUMN analytics.reconciliation.our_minutes IS 'Participant-minutes: sum of realtimekit.sessions.minutes_consumed.';
COMMENT ON COLUMN analytics.reconciliation.vendor_minutes IS 'Participant-minutes that the vendor counts; 0 and null as in vendor_sessions.';
COMMENT ON COLUMN analytics.reconciliation.minutes_difference IS 'our_minutes minus vendor_minutes, in minutes, to four decimals.';
COMMENT ON COLUMN analytics.reconciliation.status IS 'agrees: same sessions, and minutes within 0.01 a session. differs. pending: not equal, but the vendor was read before the day was over, or sessions of it are live or incomplete. not_read: the vendor was never asked about the day, or its answer was set aside. not_loaded: the day lies before the first session that was copied; run a backfill.';
COMMENT ON COLUMN analytics.reconciliation.our_breakout_sessions IS 'Of our_sessions, those of session_type participant (seen with breakout rooms).';
COMMENT ON COLUMN analytics.reconciliation.sessions_over_midnight IS 'Of our_sessions, those that ended on a later day.';
COMMENT ON COLUMN analytics.reconciliation.open_sessions IS 'Of our_sessions, those that are live or were not read completely.';
COMMENT ON COLUMN analytics.reconciliation.vendor_recordings IS 'Recordings that the vendor counts; Rollcall copies none.';
COMMENT ON COLUMN analytics.reconciliation.vendor_recording_minutes IS 'Recorded minutes that the vendor counts.';
COMMENT ON COLUMN analytics.reconciliation.vendor_read_at IS 'When the vendor''s counts of the app were last read, UTC.';

-- The mean over a person's peers, each weighted by its minutes, one second at
-- the least: a phone that looked in for a moment counts for a moment.
CREATE VIEW analytics.call_quality AS
WITH report AS (
    SELECT r.*, p.custom_participant_id, p.display_name, p.joined_at,
           coalesce(p.user_id, p.custom_participant_id, p.participant_id::text) AS person_id,
           greatest(coalesce(p.duration_minutes, 0), 1.0 / 60) AS weight
    FROM realtimekit.peer_reports AS r
    JOIN realtimekit.participants AS p USING (session_id, participant_id)
)
SELECT session_id, person_id, min(custom_participant_id) AS custom_participant_id,
       (array_agg(display_name ORDER BY joined_at NULLS LAST, peer_id) FILTER (WHERE display_name IS NOT NULL))[1] AS display_name,
       count(*) AS reports,
       sum(audio_sent_mos * weight) / sum(weight) FILTER (WHERE audio_sent_mos IS NOT NULL) AS audio_sent_mos,
       sum(audio_sent_packet_loss * weight) / sum(weight) FILTER (WHERE audio_sent_packet_loss IS NOT NULL) AS audio_sent_packet_loss,
       sum(audio_sent_rtt * weight) / sum(weight) FILTER (WHERE audio_sent_rtt IS NOT NULL) AS audio_sent_rtt,
       sum(audio_sent_jitter * weight) / sum(weight) FILTER (WHERE audio_sent_jitter IS NOT NULL) AS audio_sent_jitter,
       sum(audio_received_mos * weight) / sum(weight) FILTER (WHERE audio_received_mos IS NOT NULL) AS audio_received_mos,
       sum(audio_received_packet_loss * weight) / sum(weight) FILTER (WHERE audio_received_packet_loss IS NOT NULL) AS audio_received_packet_loss,
       sum(audio_received_jitter * weight) / sum(weight) FILTER (WHERE audio_received_jitter IS NOT NULL) AS audio_received_jitter,
       sum(video_sent_mos * weight) / sum(weight) FILTER (WHERE video_sent_mos IS NOT NULL) AS video_sent_mos,
       sum(video_sent_packet_loss * weight) / sum(weight) FILTER (WHERE video_sent_packet_loss IS NOT NULL) AS video_sent_packet_loss,
       sum(video_sent_rtt * weight) / sum(weight) FILTER (WHERE video_sent_rtt IS NOT NULL) AS video_sent_rtt,
       sum(video_sent_jitter * weight) / sum(weight) FILTER (WHERE video_sent_jitter IS NOT NULL) AS video_sent_jitter,
       sum(video_received_mos * weight) / sum(weight) FILTER (WHERE video_received_mos IS NOT NULL) AS video_received_mos,
       sum(video_received_packet_loss * weight) / sum(weight) FILTER (WHERE video_received_packet_loss IS NOT NULL) AS video_received_packet_loss,
       sum(video_received_jitter * weight) / sum(weight) FILTER (WHERE video_received_jitter IS NOT NULL) AS video_received_jitter,
       min(least(audio_sent_mos, audio_received_mos, video_sent_mos, video_received_mos)) AS worst_mos,
       string_agg(DISTINCT nullif(concat_ws(' ', os_name, os_version), ''), ', ') AS operating_systems,
       string_agg(DISTINCT nullif(concat_ws(' ', browser_name, browser_version), ''), ', ') AS browsers,
       string_agg(DISTINCT network_type, ', ') AS network_types,
       string_agg(DISTINCT country, ', ') AS countries,
       bool_or(is_mobile) AS used_mobile
FROM report
GROUP BY session_id, person_id;
COMMENT ON VIEW analytics.call_quality IS 'How the call was for each person of a session: one row a session and person with a peer report (rollcall run --with peer-reports). Where a person had several peers, the numbers are means weighted by each peer''s minutes. Loss, round-trip time and jitter are in the API''s own unit, which the vendor does not document.';
COMMENT ON COLUMN analytics.call_quality.session_id IS 'Session.';
COMMENT ON COLUMN analytics.call_quality.person_id IS 'The person: user_id, else custom_participant_id, else the participant''s id.';
COMMENT ON COLUMN analytics.call_quality.custom_participant_id IS 'The customer''s own id of the person.';
COMMENT ON COLUMN analytics.call_quality.display_name IS 'Name of the person on the first device that joined.';
COMMENT ON COLUMN analytics.call_quality.reports IS 'Peer reports that the row is made of.';
COMMENT ON COLUMN analytics.call_quality.audio_sent_mos IS 'Mean opinion score of the audio sent, 1 (bad) to 5.';
COMMENT ON COLUMN analytics.call_quality.audio_sent_packet_loss IS 'Packet loss of the audio sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.audio_sent_rtt IS 'Round-trip time of the audio sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.audio_sent_jitter IS 'Jitter of the audio sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.audio_received_mos IS 'Mean opinion score of the audio received, 1 (bad) to 5.';
COMMENT ON COLUMN analytics.call_quality.audio_received_packet_loss IS 'Packet loss of the audio received, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.audio_received_jitter IS 'Jitter of the audio received, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.video_sent_mos IS 'Mean opinion score of the video sent, 1 (bad) to 5.';
COMMENT ON COLUMN analytics.call_quality.video_sent_packet_loss IS 'Packet loss of the video sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.video_sent_rtt IS 'Round-trip time of the video sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.video_sent_jitter IS 'Jitter of the video sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.video_received_mos IS 'Mean opinion score of the video received, 1 (bad) to 5.';
COMMENT ON COLUMN analytics.call_quality.video_received_packet_loss IS 'Packet loss of the video received, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.video_received_jitter IS 'Jitter of the video received, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.worst_mos IS 'Lowest mean opinion score of any stream and device of the person: where to look first.';
COMMENT ON COLUMN analytics.call_quality.operating_systems IS 'Operating systems of the person''s devices, comma-separated.';
COMMENT ON COLUMN analytics.call_quality.browsers IS 'Browsers of the person''s devices, comma-separated.';
COMMENT ON COLUMN analytics.call_quality.network_types IS 'Kinds of network, comma-separated.';
COMMENT ON COLUMN analytics.call_quality.countries IS 'Countries of the network addresses, comma-separated.';
COMMENT ON COLUMN analytics.call_quality.used_mobile IS 'Whether any of the devices was a mobile one.';

-- +goose Down
DROP VIEW analytics.call_quality, analytics.reconciliation, analytics.no_shows;
-- +goose StatementBegin
DO $$
BEGIN
    DROP SCHEMA analytics;
EXCEPTION WHEN dependent_objects_still_exist THEN
    NULL; -- another migration's views are in it
END
$$;
-- +goose StatementEnd
DELETE FROM sync.rejected_records WHERE entity IN ('meeting', 'meeting_participant', 'daily_stats', 'peer_report');
ALTER TABLE sync.rejected_records DROP CONSTRAINT rejected_records_entity_check;
ALTER TABLE sync.rejected_records ADD CONSTRAINT rejected_records_entity_check
    CHECK (entity IN ('app', 'session', 'participant', 'peer_event'));
COMMENT ON COLUMN sync.rejected_records.entity IS 'app, session, participant or peer_event.';
DROP TABLE sync.peer_report_states, sync.endpoint_states, sync.meeting_states;
DROP TABLE realtimekit.peer_reports, realtimekit.daily_stats, realtimekit.meeting_participants;
ALTER TABLE realtimekit.meetings
    DROP COLUMN configured_title, DROP COLUMN status, DROP COLUMN record_on_start, DROP COLUMN persist_chat,
    DROP COLUMN live_stream_on_start, DROP COLUMN transcribe_on_end, DROP COLUMN summarize_on_end,
    DROP COLUMN session_keep_alive_seconds, DROP COLUMN created_at, DROP COLUMN updated_at;
UPDATE realtimekit.meetings SET extra = NULL, repairs = NULL WHERE extra IS NOT NULL OR repairs IS NOT NULL;
COMMENT ON TABLE  realtimekit.meetings IS 'Meetings: reusable rooms, of which sessions are the live runs. One row a meeting that had a session.';
COMMENT ON COLUMN realtimekit.meetings.extra IS 'Fields of the API that Rollcall does not know, as a JSON object; null where there are none.';

-- +goose Up
-- What the views are about is derived once, when a session is stored, and the usage
-- by day follows each change by its difference.

-- Ten million events take minutes, beyond the limit that each connection has.
SET LOCAL statement_timeout = 0;

CREATE TABLE analytics.session_figures (
    session_id             uuid             NOT NULL PRIMARY KEY,
    app_id                 text             NOT NULL,
    meeting_id             text,
    meeting_title          text,
    session_type           text,
    status                 text,
    starts_at              timestamptz,
    ends_at                timestamptz,
    ends_at_source         text             NOT NULL,
    vendor_peak            bigint,
    vendor_minutes         double precision,
    unique_people          bigint           NOT NULL,
    participants           bigint           NOT NULL,
    peak_people            bigint           NOT NULL,
    peak_participants      bigint           NOT NULL,
    person_seconds         double precision NOT NULL,
    participant_seconds    double precision NOT NULL,
    average_share          double precision,
    rejoins                bigint           NOT NULL,
    first_join_at          timestamptz,
    last_leave_at          timestamptz,
    open_presences         bigint           NOT NULL,
    removed_participants   bigint           NOT NULL,
    presences              bigint           NOT NULL,
    cut_presences          bigint           NOT NULL,
    assumed_leavings       bigint           NOT NULL,
    lone_joinings          bigint           NOT NULL,
    lone_leavings          bigint           NOT NULL,
    repaired_records       bigint           NOT NULL,
    inverted_participants  bigint           NOT NULL,
    unlisted_participants  bigint           NOT NULL,
    timeless_records       bigint           NOT NULL,
    step_at                timestamptz[]    NOT NULL,
    step_people            integer[]        NOT NULL,
    step_participants      integer[]        NOT NULL,
    days                   date[]           NOT NULL,
    day_people             integer[]        NOT NULL,
    day_us                 bigint[]         NOT NULL,
    preset_days            date[]           NOT NULL,
    preset_names           text[]           NOT NULL,
    preset_view_types      text[]           NOT NULL,
    preset_people          integer[]        NOT NULL,
    preset_person_us       bigint[]         NOT NULL,
    preset_participants    integer[]        NOT NULL,
    preset_participant_us  bigint[]         NOT NULL,
    derived_at             timestamptz      NOT NULL
);
CREATE INDEX session_figures_by_start ON analytics.session_figures (starts_at);
CREATE INDEX session_figures_by_meeting ON analytics.session_figures (meeting_id, starts_at);

CREATE TABLE analytics.presences (
    session_id       uuid        NOT NULL,
    participant_id   uuid        NOT NULL,
    joined_at        timestamptz NOT NULL,
    left_at          timestamptz NOT NULL,
    presence_no      integer     NOT NULL,
    left_at_kind     "char"      NOT NULL,
    is_by_events     boolean     NOT NULL,
    is_cut           boolean     NOT NULL,
    preset_view_type text,
    peer_id          text,
    PRIMARY KEY (session_id, participant_id, presence_no)
);

CREATE TABLE analytics.session_people (
    session_id            uuid             NOT NULL,
    first_join_at         timestamptz      NOT NULL,
    last_leave_at         timestamptz      NOT NULL,
    present_seconds       double precision NOT NULL,
    session_share         double precision,
    visits                integer          NOT NULL,
    participants          integer          NOT NULL,
    is_inside             boolean          NOT NULL,
    has_open_presence     boolean          NOT NULL,
    has_row_presence      boolean          NOT NULL,
    is_split              boolean          NOT NULL,
    person_id             text             NOT NULL,
    custom_participant_id text,
    display_name          text,
    preset_name           text,
    preset_view_type      text,
    presence              tstzmultirange   NOT NULL,
    custom_ids            text[],
    PRIMARY KEY (session_id, person_id)
);
CREATE INDEX session_people_by_person ON analytics.session_people (person_id, first_join_at);
CREATE INDEX session_people_by_custom_id ON analytics.session_people (custom_participant_id, first_join_at);

CREATE TABLE analytics.session_person_days (
    session_id       uuid           NOT NULL,
    person_id        text           NOT NULL,
    usage_date       date           NOT NULL,
    piece_no         integer        NOT NULL,
    preset_name      text,
    preset_view_type text,
    presence         tstzmultirange NOT NULL,
    PRIMARY KEY (session_id, person_id, usage_date, piece_no)
);
CREATE INDEX session_person_days_by_person ON analytics.session_person_days (person_id, usage_date);

CREATE TABLE analytics.stale_people (
    session_id uuid NOT NULL,
    person_id  text NOT NULL,
    custom_ids text[],
    PRIMARY KEY (session_id, person_id)
);

CREATE TABLE analytics.shared_person_days (
    app_id            text      NOT NULL,
    usage_date        date      NOT NULL,
    person_id         text      NOT NULL,
    extra_people      integer   NOT NULL,
    extra_us          bigint    NOT NULL,
    preset_names      text[]    NOT NULL,
    preset_view_types text[]    NOT NULL,
    preset_people     integer[] NOT NULL,
    preset_us         bigint[]  NOT NULL,
    step_at           timestamptz[] NOT NULL,
    step_people       integer[] NOT NULL,
    PRIMARY KEY (app_id, usage_date, person_id)
);

CREATE TABLE analytics.usage_ids (
    app_id                text NOT NULL,
    usage_date            date NOT NULL,
    custom_participant_id text NOT NULL,
    PRIMARY KEY (app_id, usage_date, custom_participant_id)
);

CREATE TABLE analytics.usage_curves (
    app_id            text          NOT NULL,
    usage_date        date          NOT NULL,
    seconds           integer       NOT NULL,
    starts_at         timestamptz   NOT NULL,
    is_leaf           boolean       NOT NULL,
    net_people        integer       NOT NULL,
    high_people       integer       NOT NULL,
    net_participants  integer       NOT NULL,
    high_participants integer       NOT NULL,
    step_at           timestamptz[] NOT NULL,
    people            integer[]     NOT NULL,
    people_high       integer[]     NOT NULL,
    participants      integer[]     NOT NULL,
    participants_high integer[]     NOT NULL,
    PRIMARY KEY (app_id, usage_date, seconds, starts_at)
);
-- Steps of a curve within a minute, or a second.
CREATE TYPE analytics.curve_minute AS (app_id text, usage_date date, starts_at timestamptz, step_at timestamptz[], people integer[], participants integer[]);

-- Who fills the warehouse goes on without another call of rollcall loader.
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_loader') AND has_table_privilege('rollcall_loader', 'analytics.usage_days', 'INSERT') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.session_figures, analytics.presences, analytics.session_people, analytics.session_person_days,
            analytics.stale_people, analytics.shared_person_days, analytics.usage_ids, analytics.usage_curves TO rollcall_loader;
    END IF;
END
$$;
-- +goose StatementEnd

-- Who is sought by an id that is not a person's first.
CREATE INDEX session_people_by_custom_ids ON analytics.session_people USING gin (custom_ids) WHERE custom_ids IS NOT NULL;

-- Days of which a session is not there any more are kept as they are, but for those
-- where it was just deleted.
DELETE FROM analytics.session_dates AS d
WHERE EXISTS (SELECT FROM analytics.stale_sessions AS q WHERE q.session_id = d.session_id)
  AND NOT EXISTS (SELECT FROM realtimekit.sessions AS s WHERE s.session_id = d.session_id);
-- Everything is derived now; what is queued from here on stays queued.
DELETE FROM analytics.stale_sessions;

-- +rollcall define derive

-- The longest part, before anything that readers ask for is locked.
-- +goose StatementBegin
DO $$
DECLARE
    batch uuid[];
BEGIN
    FOR batch IN
        SELECT array_agg(session_id)
        FROM (SELECT session_id, row_number() OVER (ORDER BY coalesce(started_at, created_at), session_id) / 500 AS n FROM realtimekit.sessions) AS s
        GROUP BY n ORDER BY n
    LOOP
        PERFORM analytics.derive(batch);
    END LOOP;
END
$$;
-- +goose StatementEnd
ANALYZE analytics.session_figures, analytics.presences, analytics.session_people, analytics.session_person_days;

ALTER TABLE analytics.stale_sessions
    ADD COLUMN is_derived boolean NOT NULL DEFAULT false,
    ADD COLUMN change_id  bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY;

-- What a session adds to a day, as it is counted in usage_days.
ALTER TABLE analytics.session_dates
    ADD COLUMN is_start             boolean   NOT NULL DEFAULT false,
    ADD COLUMN vendor_minutes       numeric,
    ADD COLUMN people               integer   NOT NULL DEFAULT 0,
    ADD COLUMN person_us            bigint    NOT NULL DEFAULT 0,
    ADD COLUMN participants         integer   NOT NULL DEFAULT 0,
    ADD COLUMN participant_us       bigint    NOT NULL DEFAULT 0,
    ADD COLUMN preset_names         text[]    NOT NULL DEFAULT '{}',
    ADD COLUMN preset_view_types    text[]    NOT NULL DEFAULT '{}',
    ADD COLUMN preset_people        integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN preset_person_us     bigint[]  NOT NULL DEFAULT '{}',
    ADD COLUMN preset_participants  integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN preset_participant_us bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN step_at              timestamptz[] NOT NULL DEFAULT '{}',
    ADD COLUMN step_people          integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN step_participants    integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN is_gone              boolean   NOT NULL DEFAULT false;
CREATE INDEX session_dates_gone ON analytics.session_dates (usage_date, app_id, session_id) WHERE is_gone;

ALTER TABLE analytics.usage_days
    ADD COLUMN members         bigint  NOT NULL DEFAULT 0,
    ADD COLUMN person_us       bigint  NOT NULL DEFAULT 0,
    ADD COLUMN participant_us  bigint  NOT NULL DEFAULT 0,
    ADD COLUMN vendor_sum      numeric NOT NULL DEFAULT 0,
    ADD COLUMN vendor_sessions bigint  NOT NULL DEFAULT 0,
    ADD COLUMN is_stale        boolean NOT NULL DEFAULT false;
ALTER TABLE analytics.usage_preset_days
    ADD COLUMN person_us       bigint  NOT NULL DEFAULT 0,
    ADD COLUMN participant_us  bigint  NOT NULL DEFAULT 0,
    ADD COLUMN usage_id        bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY;

-- +rollcall define add_to_curves
-- +rollcall define count_sessions
-- +rollcall define refresh
-- +rollcall define queue_read_session

-- The other days are counted anew, the oldest first.
UPDATE analytics.session_dates AS d SET is_gone = true
WHERE NOT EXISTS (SELECT FROM realtimekit.sessions AS s WHERE s.session_id = d.session_id);
DELETE FROM analytics.usage_preset_days AS t WHERE NOT EXISTS (
    SELECT FROM analytics.session_dates AS k WHERE k.is_gone AND k.app_id = t.app_id AND k.usage_date = t.usage_date);
DELETE FROM analytics.usage_days AS t WHERE NOT EXISTS (
    SELECT FROM analytics.session_dates AS k WHERE k.is_gone AND k.app_id = t.app_id AND k.usage_date = t.usage_date);
DELETE FROM analytics.session_dates AS t WHERE NOT EXISTS (
    SELECT FROM analytics.session_dates AS k WHERE k.is_gone AND k.app_id = t.app_id AND k.usage_date = t.usage_date);
-- +goose StatementBegin
DO $$
DECLARE
    batch uuid[];
BEGIN
    FOR batch IN
        SELECT array_agg(session_id)
        FROM (SELECT session_id, row_number() OVER (ORDER BY starts_at, session_id) / 500 AS n FROM analytics.session_figures) AS s
        GROUP BY n ORDER BY n
    LOOP
        PERFORM analytics.count_sessions(batch);
    END LOOP;
END
$$;
-- +goose StatementEnd
ANALYZE analytics.session_dates, analytics.usage_days;

-- +rollcall define session_bounds
-- +rollcall define participant_intervals
-- +rollcall define person_presence
-- +rollcall define person_attendance
-- +rollcall define session_concurrency
-- +rollcall define session_concurrency_minutely
-- +rollcall define session_drop_off
-- +rollcall define join_latency
-- +rollcall define rejoins
-- +rollcall define person_overlap
-- +rollcall define session_summary
-- +rollcall define presence_by_day
-- +rollcall define data_quality
-- +rollcall define no_shows

COMMENT ON TABLE  analytics.session_figures IS 'What is derived of a session when it is stored: bounds, sums and curve, behind session_bounds, session_summary, session_concurrency and data_quality. One row a session. Kept by analytics.derive.';
COMMENT ON COLUMN analytics.session_figures.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_figures.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.session_figures.meeting_id IS 'Meeting that the session is a run of.';
COMMENT ON COLUMN analytics.session_figures.meeting_title IS 'Title of the meeting at the time.';
COMMENT ON COLUMN analytics.session_figures.session_type IS 'As in realtimekit.sessions.';
COMMENT ON COLUMN analytics.session_figures.status IS 'LIVE or ENDED.';
COMMENT ON COLUMN analytics.session_figures.starts_at IS 'Start of the session, UTC: started_at, else created_at.';
COMMENT ON COLUMN analytics.session_figures.ends_at IS 'End of the session, UTC; see the view session_bounds.';
COMMENT ON COLUMN analytics.session_figures.ends_at_source IS 'Where the end comes from: session_ended_at, last_seen or last_sign.';
COMMENT ON COLUMN analytics.session_figures.vendor_peak IS 'Most participants at the same time, as the vendor counts.';
COMMENT ON COLUMN analytics.session_figures.vendor_minutes IS 'Participant-minutes as the vendor counts.';
COMMENT ON COLUMN analytics.session_figures.unique_people IS 'Different people who were inside.';
COMMENT ON COLUMN analytics.session_figures.participants IS 'Participants (devices) that were inside.';
COMMENT ON COLUMN analytics.session_figures.peak_people IS 'Most people inside at one time.';
COMMENT ON COLUMN analytics.session_figures.peak_participants IS 'Most participants (devices) inside at one time.';
COMMENT ON COLUMN analytics.session_figures.person_seconds IS 'Seconds inside, summed over people, each counted once however many devices there were.';
COMMENT ON COLUMN analytics.session_figures.participant_seconds IS 'Seconds inside, summed over presences of participants.';
COMMENT ON COLUMN analytics.session_figures.average_share IS 'Mean share of the session that its people were inside, 0 to 1; null without people or length.';
COMMENT ON COLUMN analytics.session_figures.rejoins IS 'Returns after a gap, summed over people.';
COMMENT ON COLUMN analytics.session_figures.first_join_at IS 'First joining, UTC; null where nobody was inside.';
COMMENT ON COLUMN analytics.session_figures.last_leave_at IS 'Last leaving, UTC; null where nobody was inside.';
COMMENT ON COLUMN analytics.session_figures.open_presences IS 'Presences whose end is assumed.';
COMMENT ON COLUMN analytics.session_figures.removed_participants IS 'Participants that were inside and are no longer listed by the vendor.';
COMMENT ON COLUMN analytics.session_figures.presences IS 'Presences of participants.';
COMMENT ON COLUMN analytics.session_figures.cut_presences IS 'Presences of which a time was cut: more than a day outside of the session, or more than 31 days long.';
COMMENT ON COLUMN analytics.session_figures.assumed_leavings IS 'Presences whose end is assumed, those of a live session left out.';
COMMENT ON COLUMN analytics.session_figures.lone_joinings IS 'Joinings without a leaving.';
COMMENT ON COLUMN analytics.session_figures.lone_leavings IS 'Leavings without a joining.';
COMMENT ON COLUMN analytics.session_figures.repaired_records IS 'Records of the session with a mended value.';
COMMENT ON COLUMN analytics.session_figures.inverted_participants IS 'Participants who left before they joined.';
COMMENT ON COLUMN analytics.session_figures.unlisted_participants IS 'Participants that the vendor no longer lists, inside or not.';
COMMENT ON COLUMN analytics.session_figures.timeless_records IS 'Participants and events without a time that can be used.';
COMMENT ON COLUMN analytics.session_figures.step_at IS 'Moments, UTC, at which the number of people or participants inside changed, in order.';
COMMENT ON COLUMN analytics.session_figures.step_people IS 'People inside from each of them on.';
COMMENT ON COLUMN analytics.session_figures.step_participants IS 'Participants inside from each of them on.';
COMMENT ON COLUMN analytics.session_figures.days IS 'UTC days on which somebody was inside; the two arrays that follow have an element for each.';
COMMENT ON COLUMN analytics.session_figures.day_people IS 'People inside on each day.';
COMMENT ON COLUMN analytics.session_figures.day_us IS 'Their microseconds inside.';
COMMENT ON COLUMN analytics.session_figures.preset_days IS 'UTC days, each as often as presets were inside on it; the arrays that follow have an element for each day and preset.';
COMMENT ON COLUMN analytics.session_figures.preset_names IS 'Preset (role).';
COMMENT ON COLUMN analytics.session_figures.preset_view_types IS 'View type.';
COMMENT ON COLUMN analytics.session_figures.preset_people IS 'People inside on that day with that preset.';
COMMENT ON COLUMN analytics.session_figures.preset_person_us IS 'Their microseconds.';
COMMENT ON COLUMN analytics.session_figures.preset_participants IS 'Participants (devices) inside on that day with that preset.';
COMMENT ON COLUMN analytics.session_figures.preset_participant_us IS 'Their microseconds.';
COMMENT ON COLUMN analytics.session_figures.derived_at IS 'When the row was derived, UTC: the start of that transaction.';
COMMENT ON TABLE  analytics.presences IS 'Presences of participants, behind the view participant_intervals. One row a presence. Kept by analytics.derive.';
COMMENT ON COLUMN analytics.presences.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.presences.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.presences.joined_at IS 'Start of the presence, UTC, inclusive.';
COMMENT ON COLUMN analytics.presences.left_at IS 'End of the presence, UTC, exclusive.';
COMMENT ON COLUMN analytics.presences.presence_no IS 'Number of the presence among those of its participant, from 1.';
COMMENT ON COLUMN analytics.presences.left_at_kind IS 'Where the end comes from: l peer_leaving, n next_peer_joining, p participant_left_at; assumed: r removed_at, e session_ended_at, s last_seen, g last_sign.';
COMMENT ON COLUMN analytics.presences.is_by_events IS 'Whether it comes from peer events, not from the participant row.';
COMMENT ON COLUMN analytics.presences.is_cut IS 'Whether one of its times lay too far out and was cut.';
COMMENT ON COLUMN analytics.presences.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.presences.peer_id IS 'Peer whose events it comes from; null where that is the participant itself. Personal data.';
COMMENT ON TABLE  analytics.session_people IS 'People of sessions with their merged presences, behind person_attendance, person_presence, rejoins and person_overlap. One row a session and person. Kept by analytics.derive.';
COMMENT ON COLUMN analytics.session_people.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_people.first_join_at IS 'First joining, UTC.';
COMMENT ON COLUMN analytics.session_people.last_leave_at IS 'Last leaving, UTC.';
COMMENT ON COLUMN analytics.session_people.present_seconds IS 'Seconds inside, each counted once however many devices there were.';
COMMENT ON COLUMN analytics.session_people.session_share IS 'Share of the session that the person was inside, 0 to 1; null where the session has no length.';
COMMENT ON COLUMN analytics.session_people.visits IS 'Number of separate stays.';
COMMENT ON COLUMN analytics.session_people.participants IS 'Participants (devices) of the person that were inside.';
COMMENT ON COLUMN analytics.session_people.is_inside IS 'Whether the person was inside when the live session was last read.';
COMMENT ON COLUMN analytics.session_people.has_open_presence IS 'Whether the end of a presence is assumed.';
COMMENT ON COLUMN analytics.session_people.has_row_presence IS 'Whether a presence comes from the participant row for want of events.';
COMMENT ON COLUMN analytics.session_people.is_split IS 'Whether the presences fall on several UTC days or presets: then session_person_days has them.';
COMMENT ON COLUMN analytics.session_people.person_id IS 'Person within the app, as in the view person_attendance; may be personal data.';
COMMENT ON COLUMN analytics.session_people.custom_participant_id IS 'The id that your own system gave the person, of the first presence that has one; may be personal data.';
COMMENT ON COLUMN analytics.session_people.display_name IS 'Name shown in the session, of the first presence that has one; personal data.';
COMMENT ON COLUMN analytics.session_people.preset_name IS 'Preset (role), of the first presence that has one.';
COMMENT ON COLUMN analytics.session_people.preset_view_type IS 'View type of the persons presences; of several the last in the alphabet.';
COMMENT ON COLUMN analytics.session_people.presence IS 'Presences of the person, merged, UTC.';
COMMENT ON COLUMN analytics.session_people.custom_ids IS 'All custom_participant_id of the persons participants, where not each of them has the same one; may be personal data.';
COMMENT ON TABLE  analytics.session_person_days IS 'Presences of people that fall on several UTC days or presets, by both. One row a session, person, day and preset. Kept by analytics.derive.';
COMMENT ON COLUMN analytics.session_person_days.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_person_days.person_id IS 'Person within the app, as in the view person_attendance; may be personal data.';
COMMENT ON COLUMN analytics.session_person_days.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.session_person_days.piece_no IS 'Number among the presets of the person on that day, from 1.';
COMMENT ON COLUMN analytics.session_person_days.preset_name IS 'Preset (role); null where the participant has none.';
COMMENT ON COLUMN analytics.session_person_days.preset_view_type IS 'View type; null where no event says.';
COMMENT ON COLUMN analytics.session_person_days.presence IS 'Presences on that day with that preset, merged, UTC.';
COMMENT ON TABLE  analytics.stale_people IS 'People whom a session has no longer, or under another custom id, but who are still counted in the usage by day. One row a session and person; gone with the next analytics.refresh.';
COMMENT ON COLUMN analytics.stale_people.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.stale_people.person_id IS 'Person within the app, as in the view person_attendance; may be personal data.';
COMMENT ON COLUMN analytics.stale_people.custom_ids IS 'Their custom_participant_id as it was counted; may be personal data.';
COMMENT ON COLUMN analytics.session_dates.is_start IS 'Whether the session began on that day.';
COMMENT ON COLUMN analytics.session_dates.vendor_minutes IS 'Participant-minutes of the session as the vendor counts, on the day on which it began; null otherwise.';
COMMENT ON COLUMN analytics.session_dates.people IS 'People inside on that day.';
COMMENT ON COLUMN analytics.session_dates.person_us IS 'Microseconds inside on that day, summed over people.';
COMMENT ON COLUMN analytics.session_dates.participants IS 'Participants (devices) inside on that day.';
COMMENT ON COLUMN analytics.session_dates.participant_us IS 'Microseconds inside on that day, summed over presences of participants.';
COMMENT ON COLUMN analytics.session_dates.preset_names IS 'Presets of those inside; the arrays that follow have an element for each.';
COMMENT ON COLUMN analytics.session_dates.preset_view_types IS 'View type of each preset.';
COMMENT ON COLUMN analytics.session_dates.preset_people IS 'People inside with each preset.';
COMMENT ON COLUMN analytics.session_dates.preset_person_us IS 'Their microseconds.';
COMMENT ON COLUMN analytics.session_dates.preset_participants IS 'Participants inside with each preset.';
COMMENT ON COLUMN analytics.session_dates.preset_participant_us IS 'Their microseconds.';
COMMENT ON COLUMN analytics.session_dates.step_at IS 'Moments of that day, UTC, at which the number inside changed.';
COMMENT ON COLUMN analytics.session_dates.step_people IS 'By how many people, at each.';
COMMENT ON COLUMN analytics.session_dates.step_participants IS 'By how many participants, at each.';
COMMENT ON COLUMN analytics.session_dates.is_gone IS 'Whether rollcall retention deleted the session: its day is kept as it was.';
COMMENT ON TABLE  analytics.shared_person_days IS 'People in several sessions of a day, and by how much the sums over those sessions count them too often. One row an app, day and person. Kept by analytics.refresh.';
COMMENT ON COLUMN analytics.shared_person_days.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.shared_person_days.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.shared_person_days.person_id IS 'Person within the app, as in the view person_attendance; may be personal data.';
COMMENT ON COLUMN analytics.shared_person_days.extra_people IS 'How often too often the person is counted among the people of the day.';
COMMENT ON COLUMN analytics.shared_person_days.extra_us IS 'Microseconds that are counted more than once.';
COMMENT ON COLUMN analytics.shared_person_days.preset_names IS 'Presets that the person has in several of the sessions; the arrays that follow have an element for each.';
COMMENT ON COLUMN analytics.shared_person_days.preset_view_types IS 'View type of each.';
COMMENT ON COLUMN analytics.shared_person_days.preset_people IS 'How often too often the person is counted with it.';
COMMENT ON COLUMN analytics.shared_person_days.preset_us IS 'Microseconds that are counted more than once with it.';
COMMENT ON COLUMN analytics.shared_person_days.step_at IS 'Moments of the day, UTC, at which the sum of the sessions curves has to be corrected.';
COMMENT ON COLUMN analytics.shared_person_days.step_people IS 'By how many people, at each.';
COMMENT ON TABLE  analytics.usage_ids IS 'Custom ids that were inside on a day, each once. One row an app, day and id. Kept by analytics.refresh; gone for days of which rollcall retention deleted a session.';
COMMENT ON COLUMN analytics.usage_ids.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.usage_ids.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.usage_ids.custom_participant_id IS 'The id that your own system gave the person; may be personal data.';
COMMENT ON TABLE  analytics.usage_curves IS 'Curve of how many were inside an app on a day, as a tree of day, hours, minutes and seconds, as deep as it has steps: behind the peaks of daily_usage. One row a node. Kept by analytics.refresh.';
COMMENT ON COLUMN analytics.usage_curves.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.usage_curves.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.usage_curves.seconds IS 'Length of time of the node: 86400, 3600, 60 or 1 second.';
COMMENT ON COLUMN analytics.usage_curves.starts_at IS 'Start of that time, UTC.';
COMMENT ON COLUMN analytics.usage_curves.is_leaf IS 'Whether its elements are steps of the curve; otherwise they are its children.';
COMMENT ON COLUMN analytics.usage_curves.net_people IS 'By how many people the curve has changed at its end.';
COMMENT ON COLUMN analytics.usage_curves.high_people IS 'The most by which it was higher than at its start.';
COMMENT ON COLUMN analytics.usage_curves.net_participants IS 'By how many participants it has changed.';
COMMENT ON COLUMN analytics.usage_curves.high_participants IS 'The most by which it was higher.';
COMMENT ON COLUMN analytics.usage_curves.step_at IS 'Moment of each step, or start of each child, UTC, in order.';
COMMENT ON COLUMN analytics.usage_curves.people IS 'Change of people at each step, or over each child.';
COMMENT ON COLUMN analytics.usage_curves.people_high IS 'The most over each child; empty in a leaf.';
COMMENT ON COLUMN analytics.usage_curves.participants IS 'Change of participants at each step, or over each child.';
COMMENT ON COLUMN analytics.usage_curves.participants_high IS 'The most over each child; empty in a leaf.';
COMMENT ON COLUMN analytics.usage_days.members IS 'Sessions that begin on the day or in which somebody was inside.';
COMMENT ON COLUMN analytics.usage_days.person_us IS 'person_seconds in microseconds, exact.';
COMMENT ON COLUMN analytics.usage_days.participant_us IS 'participant_seconds in microseconds, exact.';
COMMENT ON COLUMN analytics.usage_days.vendor_sum IS 'Sum of the vendors minutes, exact.';
COMMENT ON COLUMN analytics.usage_days.vendor_sessions IS 'Sessions of which the vendor counts minutes.';
COMMENT ON COLUMN analytics.usage_days.is_stale IS 'Whether the day is to be counted from the beginning when one of its sessions is next counted, since rows behind it were lost or are in doubt.';
COMMENT ON COLUMN analytics.usage_preset_days.person_us IS 'person_seconds in microseconds, exact.';
COMMENT ON COLUMN analytics.usage_preset_days.participant_us IS 'participant_seconds in microseconds, exact.';
COMMENT ON COLUMN analytics.usage_preset_days.usage_id IS 'Number of the row.';
COMMENT ON COLUMN analytics.stale_sessions.is_derived IS 'Whether what the views are about was derived already, in the transaction of the change; false for changes by hand.';
COMMENT ON COLUMN analytics.stale_sessions.change_id IS 'Number of the change.';
COMMENT ON TABLE  analytics.session_dates IS 'What each session adds to the usage of a day, as it is counted there. One row a session and day. Kept by analytics.refresh. Sessions that rollcall retention deleted stay here, and their days are kept as they were.';

-- +goose Down
-- +rollcall define session_bounds
-- +rollcall define participant_intervals
-- +rollcall define person_presence
-- +rollcall define person_attendance
-- +rollcall define session_concurrency
-- +rollcall define session_concurrency_minutely
-- +rollcall define session_drop_off
-- +rollcall define join_latency
-- +rollcall define rejoins
-- +rollcall define person_overlap
-- +rollcall define session_summary
-- +rollcall define presence_by_day
-- +rollcall define data_quality
-- +rollcall define no_shows
-- +rollcall define refresh
-- +rollcall define queue_read_session
DROP FUNCTION analytics.count_sessions(uuid[]), analytics.add_to_curves(analytics.curve_minute[]), analytics.derive(uuid[]);
DROP TYPE analytics.curve_minute;
DROP TABLE analytics.usage_curves, analytics.usage_ids, analytics.shared_person_days, analytics.stale_people,
    analytics.session_person_days, analytics.session_people, analytics.presences, analytics.session_figures;
COMMENT ON TABLE analytics.session_dates IS 'Which days a session touches: that of its start and those with a presence. Kept by analytics.refresh. Sessions that rollcall retention deleted stay here, and their days are not computed anew.';
DROP INDEX analytics.session_dates_gone;
ALTER TABLE analytics.stale_sessions DROP COLUMN is_derived, DROP COLUMN change_id;
ALTER TABLE analytics.session_dates
    DROP COLUMN is_start, DROP COLUMN vendor_minutes, DROP COLUMN people, DROP COLUMN person_us, DROP COLUMN participants,
    DROP COLUMN participant_us, DROP COLUMN preset_names, DROP COLUMN preset_view_types, DROP COLUMN preset_people,
    DROP COLUMN preset_person_us, DROP COLUMN preset_participants, DROP COLUMN preset_participant_us, DROP COLUMN step_at,
    DROP COLUMN step_people, DROP COLUMN step_participants, DROP COLUMN is_gone;
ALTER TABLE analytics.usage_days
    DROP COLUMN members, DROP COLUMN person_us, DROP COLUMN participant_us, DROP COLUMN vendor_sum, DROP COLUMN vendor_sessions, DROP COLUMN is_stale;
ALTER TABLE analytics.usage_preset_days DROP COLUMN person_us, DROP COLUMN participant_us, DROP COLUMN usage_id;

-- +goose Up
-- What counts as a lesson, when it was to be, and who is excused.

ALTER TABLE analytics.settings
    ADD COLUMN least_lesson_seconds integer,
    ADD COLUMN least_lesson_people  integer,
    ADD COLUMN longest_gap_seconds  integer,
    ADD COLUMN grace_seconds        integer,
    ADD CONSTRAINT "least_lesson_seconds is from 0 to 86400" CHECK (least_lesson_seconds BETWEEN 0 AND 86400),
    ADD CONSTRAINT "least_lesson_people is from 0 to 10000" CHECK (least_lesson_people BETWEEN 0 AND 10000),
    ADD CONSTRAINT "longest_gap_seconds is from 0 to 86400" CHECK (longest_gap_seconds BETWEEN 0 AND 86400),
    ADD CONSTRAINT "grace_seconds is from 0 to 86400" CHECK (grace_seconds BETWEEN 0 AND 86400);
COMMENT ON COLUMN analytics.settings.least_lesson_seconds IS 'Seconds from which on what took place is a lesson; null: as for the app, else 300.';
COMMENT ON COLUMN analytics.settings.least_lesson_people IS 'People from which on a session is part of a lesson; null: as for the app, else 2.';
COMMENT ON COLUMN analytics.settings.longest_gap_seconds IS 'Sessions of a meeting with less than so many seconds between are one lesson; null: as for the app, else 300.';
COMMENT ON COLUMN analytics.settings.grace_seconds IS 'Seconds after the start of a lesson, and before its end, that are neither late nor early; null: as for the app, else 300.';

CREATE TABLE analytics.timetable (
    timetable_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_id        text        NOT NULL REFERENCES realtimekit.apps (app_id),
    meeting_id    text        NOT NULL DEFAULT '',
    title         text,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    grace_seconds integer,
    CONSTRAINT "a lesson ends after it starts, within a day" CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '24 hours'),
    CONSTRAINT "grace_seconds is from 0 to 86400" CHECK (grace_seconds BETWEEN 0 AND 86400)
);
CREATE INDEX timetable_by_meeting ON analytics.timetable (app_id, meeting_id, starts_at);
COMMENT ON TABLE  analytics.timetable IS 'When lessons were to be, filled by you; empty as shipped. A meeting without rows goes by those of its app, and without these by the start and end of its sessions.';
COMMENT ON COLUMN analytics.timetable.timetable_id IS 'Number of the row.';
COMMENT ON COLUMN analytics.timetable.app_id IS 'App that the lesson is in.';
COMMENT ON COLUMN analytics.timetable.meeting_id IS 'Meeting that the lesson is one of; an empty text for all of the app.';
COMMENT ON COLUMN analytics.timetable.title IS 'Title of the lesson; null for that of the meeting.';
COMMENT ON COLUMN analytics.timetable.starts_at IS 'Start of the lesson, UTC.';
COMMENT ON COLUMN analytics.timetable.ends_at IS 'End of the lesson, UTC.';
COMMENT ON COLUMN analytics.timetable.grace_seconds IS 'Seconds that are neither late nor early; null: as analytics.settings says.';

CREATE TABLE analytics.excuses (
    excuse_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_id     text        NOT NULL REFERENCES realtimekit.apps (app_id),
    person_id  text        NOT NULL,
    meeting_id text        NOT NULL DEFAULT '',
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    reason     text,
    CONSTRAINT "an excuse ends after it starts" CHECK (ends_at > starts_at)
);
CREATE INDEX excuses_by_person ON analytics.excuses (app_id, person_id, starts_at);
COMMENT ON TABLE  analytics.excuses IS 'Who is excused when, filled by you; empty as shipped. An excuse holds for every lesson that it overlaps.';
COMMENT ON COLUMN analytics.excuses.excuse_id IS 'Number of the excuse.';
COMMENT ON COLUMN analytics.excuses.app_id IS 'App of the person.';
COMMENT ON COLUMN analytics.excuses.person_id IS 'The person, as in the views; may be personal data.';
COMMENT ON COLUMN analytics.excuses.meeting_id IS 'Meeting that the excuse is for; an empty text for all of the app.';
COMMENT ON COLUMN analytics.excuses.starts_at IS 'From when, UTC.';
COMMENT ON COLUMN analytics.excuses.ends_at IS 'Until when, UTC.';
COMMENT ON COLUMN analytics.excuses.reason IS 'Why; may be personal data, of health even.';

-- +rollcall define check_timetable
-- +rollcall define check_excuse
CREATE TRIGGER check_timetable AFTER INSERT OR UPDATE OF meeting_id, starts_at, ends_at ON analytics.timetable FOR EACH ROW EXECUTE FUNCTION analytics.check_timetable();
CREATE TRIGGER check_excuse AFTER INSERT OR UPDATE OF person_id ON analytics.excuses FOR EACH ROW EXECUTE FUNCTION analytics.check_excuse();
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_loader') AND has_table_privilege('rollcall_loader', 'analytics.usage_days', 'INSERT') THEN
        GRANT SELECT ON analytics.timetable, analytics.excuses TO rollcall_loader;
    END IF;
END
$$;
-- +goose StatementEnd

-- +rollcall define occurrences
-- +rollcall define no_shows
-- +rollcall define register

-- +goose Down
DROP VIEW analytics.register;
DROP VIEW analytics.no_shows;
DROP VIEW analytics.occurrences;
-- +rollcall define no_shows
DROP TABLE analytics.excuses, analytics.timetable;
DROP FUNCTION analytics.check_excuse(), analytics.check_timetable();
ALTER TABLE analytics.settings DROP COLUMN least_lesson_seconds, DROP COLUMN least_lesson_people, DROP COLUMN longest_gap_seconds, DROP COLUMN grace_seconds;

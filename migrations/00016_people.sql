-- +goose Up
-- Who a person is is decided in one place, by the customer's own id, and can be set.

CREATE TABLE analytics.settings (
    app_id          text   NOT NULL REFERENCES realtimekit.apps (app_id),
    meeting_id      text   NOT NULL DEFAULT '',
    person_by       text,
    nobody_ids      text[],
    machine_presets text[],
    machine_names   text[],
    PRIMARY KEY (app_id, meeting_id),
    CONSTRAINT "person_by is custom_participant_id or user_id" CHECK (person_by IN ('custom_participant_id', 'user_id')),
    CONSTRAINT "who a person is is set for an app, not for a meeting" CHECK (
        meeting_id = '' OR num_nonnulls(person_by, nobody_ids, machine_presets, machine_names) = 0),
    CONSTRAINT "lists of settings have no nulls" CHECK (
        array_position(nobody_ids, NULL) IS NULL AND array_position(machine_presets, NULL) IS NULL AND array_position(machine_names, NULL) IS NULL)
);
COMMENT ON TABLE  analytics.settings IS 'Your settings of an app, or of one meeting, edited by you; empty as shipped. What is null, or has no row, is as docs/analytics.md says.';
COMMENT ON COLUMN analytics.settings.app_id IS 'App that the settings are for.';
COMMENT ON COLUMN analytics.settings.meeting_id IS 'Meeting that the settings are for; an empty text for all of the app.';
COMMENT ON COLUMN analytics.settings.person_by IS 'Which id says who somebody is, of the two: custom_participant_id (as where this is null) or user_id; the other counts where the first is missing.';
COMMENT ON COLUMN analytics.settings.nobody_ids IS 'Ids that are nobody''s, since many have them; null: guest and recorder.';
COMMENT ON COLUMN analytics.settings.machine_presets IS 'Presets of machines, which are no people: their minutes count, they do not; null: recorder and bot.';
COMMENT ON COLUMN analytics.settings.machine_names IS 'Display names of machines; null: none.';

ALTER TABLE analytics.session_people
    ADD COLUMN user_id  text,
    ADD COLUMN is_guest boolean NOT NULL DEFAULT false,
    ADD COLUMN is_contradicted boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN analytics.session_people.user_id IS 'The vendor''s id of the person, of the first presence that has one.';
COMMENT ON COLUMN analytics.session_people.is_guest IS 'Whether your own system gave the person no id.';
COMMENT ON COLUMN analytics.session_people.is_contradicted IS 'Whether joined_at or left_at of a participant is more than a minute away from what its events say.';
ALTER TABLE analytics.session_figures ADD COLUMN shared_ids bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN analytics.session_figures.shared_ids IS 'People who were inside twice at once under several names.';

-- +rollcall define person_of
-- +rollcall define queue_settings
CREATE TRIGGER queue_settings AFTER INSERT OR UPDATE OR DELETE ON analytics.settings
    FOR EACH ROW EXECUTE FUNCTION analytics.queue_settings();
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_loader') AND has_table_privilege('rollcall_loader', 'analytics.usage_days', 'INSERT') THEN
        GRANT SELECT ON analytics.settings TO rollcall_loader;
    END IF;
END
$$;
-- +goose StatementEnd

-- +rollcall define derive
-- +rollcall define count_sessions
-- +rollcall define participant_intervals
-- +rollcall define person_presence
-- +rollcall define person_attendance
-- +rollcall define presence_by_day
-- +rollcall define join_latency
-- +rollcall define rejoins
-- +rollcall define person_overlap
-- +rollcall define people
-- +rollcall define call_quality
-- +rollcall define no_shows
-- +rollcall define data_quality

-- Every session is derived anew by analytics.refresh, at the end of the next run, in
-- batches of which each is a transaction.
INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions;

-- +goose Down
DROP VIEW analytics.person_attendance, analytics.person_overlap;
-- +rollcall define derive
-- +rollcall define count_sessions
-- +rollcall define participant_intervals
-- +rollcall define person_presence
-- +rollcall define person_attendance
-- +rollcall define presence_by_day
-- +rollcall define join_latency
-- +rollcall define rejoins
-- +rollcall define person_overlap
-- +rollcall define people
-- +rollcall define call_quality
-- +rollcall define no_shows
-- +rollcall define data_quality
DROP TRIGGER queue_settings ON analytics.settings;
DROP FUNCTION analytics.queue_settings(), analytics.person_of(text, text[], text[], text[], text, text, uuid, text, text);
ALTER TABLE analytics.session_figures DROP COLUMN shared_ids;
ALTER TABLE analytics.session_people DROP COLUMN user_id, DROP COLUMN is_guest, DROP COLUMN is_contradicted;
DROP TABLE analytics.settings;
INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions;

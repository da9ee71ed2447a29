-- +goose Up
-- Days are cut in the time zone of the app, UTC unless set.

ALTER TABLE analytics.settings
    ADD COLUMN time_zone text,
    ADD CONSTRAINT "a time zone is set for an app, not for a meeting" CHECK (meeting_id = '' OR time_zone IS NULL);
COMMENT ON COLUMN analytics.settings.time_zone IS 'Time zone in which the days of the app are cut, a name such as Europe/Berlin; null: that of the account, else UTC. A change computes the days anew.';
CREATE TABLE sync.account_zones (
    account_id text NOT NULL PRIMARY KEY,
    time_zone  text
);
COMMENT ON TABLE  sync.account_zones IS 'Time zones that ROLLCALL_ACCOUNTS_FILE names. Kept by each run, backfill and worker that is given that file.';
COMMENT ON COLUMN sync.account_zones.account_id IS 'Account.';
COMMENT ON COLUMN sync.account_zones.time_zone IS 'Time zone in which the days of its apps are cut for which analytics.settings names none; null: UTC. A change computes the days anew.';
ALTER TABLE analytics.session_figures ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC';
ALTER TABLE analytics.session_dates ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC';
-- For apps that are elsewhere: both are empty where all days are those of UTC.
CREATE INDEX session_figures_zoned ON analytics.session_figures (app_id) WHERE time_zone <> 'UTC';
ALTER TABLE analytics.usage_days ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC';
CREATE INDEX usage_days_zoned ON analytics.usage_days (app_id) WHERE time_zone <> 'UTC';
ALTER TABLE analytics.deleted_recordings ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC';
DROP INDEX analytics.deleted_recordings_key;
CREATE UNIQUE INDEX deleted_recordings_key ON analytics.deleted_recordings (app_id, usage_date, usage_kind, preset_view_type, time_zone) NULLS NOT DISTINCT;

-- +rollcall define day_starts_at
-- +rollcall define day_of
-- +rollcall define check_time_zone
-- +rollcall define zone_of
-- +rollcall define queue_settings
CREATE TRIGGER check_time_zone BEFORE INSERT OR UPDATE OF time_zone ON analytics.settings
    FOR EACH ROW EXECUTE FUNCTION analytics.check_time_zone();
CREATE TRIGGER check_time_zone BEFORE INSERT OR UPDATE ON sync.account_zones
    FOR EACH ROW EXECUTE FUNCTION analytics.check_time_zone();
-- +rollcall define queue_account
CREATE TRIGGER queue_account AFTER INSERT OR UPDATE OR DELETE ON sync.account_zones
    FOR EACH ROW EXECUTE FUNCTION analytics.queue_account();

-- +rollcall define derive
-- +rollcall define count_sessions
-- +rollcall define refresh
-- +rollcall define add_to_curves
-- +rollcall define session_bounds
-- +rollcall define session_summary
-- +rollcall define presence_by_day
-- +rollcall define daily_usage
-- +rollcall define preset_usage
-- +rollcall define recording_usage
-- +rollcall define usage_cost
-- +rollcall define usage_by_meeting
-- +rollcall define occurrences
-- +rollcall define register
-- +rollcall define data_quality
-- +rollcall define people_between
-- +rollcall define concurrency_hourly

COMMENT ON TABLE  analytics.usage_days IS 'Usage by day and app, behind the view daily_usage. Kept by analytics.refresh. Stays are cut at midnight in time_zone.';
COMMENT ON COLUMN analytics.usage_days.usage_date IS 'Day in time_zone.';
COMMENT ON COLUMN analytics.usage_days.time_zone IS 'Time zone of the day, by which it was last counted.';
COMMENT ON COLUMN analytics.usage_preset_days.usage_date IS 'Day, in time_zone of usage_days.';
COMMENT ON COLUMN analytics.session_dates.usage_date IS 'Day in time_zone.';
COMMENT ON COLUMN analytics.session_dates.time_zone IS 'Time zone of the day, by which the session was counted.';
COMMENT ON COLUMN analytics.session_figures.days IS 'Days in time_zone on which somebody was inside; the two arrays that follow have an element for each.';
COMMENT ON COLUMN analytics.session_figures.preset_days IS 'Days in time_zone, each as often as presets were inside on it; the arrays that follow have an element for each day and preset.';
COMMENT ON COLUMN analytics.session_figures.time_zone IS 'Time zone of the app when the row was derived, by which days are cut.';
COMMENT ON COLUMN analytics.session_people.is_split IS 'Whether the presences fall on several days of the app or presets: then session_person_days has them.';
COMMENT ON TABLE  analytics.session_person_days IS 'Presences of people that fall on several days of the app or presets, by both. One row a session, person, day and preset. Kept by analytics.derive.';
COMMENT ON COLUMN analytics.session_person_days.usage_date IS 'Day, in time_zone of session_figures.';
COMMENT ON COLUMN analytics.shared_person_days.usage_date IS 'Day of the app.';
COMMENT ON COLUMN analytics.usage_ids.usage_date IS 'Day of the app.';
COMMENT ON COLUMN analytics.usage_curves.usage_date IS 'Day of the app.';
COMMENT ON COLUMN analytics.usage_curves.starts_at IS 'Start of that time, UTC; of the node of the day its midnight UTC, whatever the time zone.';
COMMENT ON TABLE  analytics.deleted_recordings IS 'Sums of recordings and livestreams that rollcall retention deleted, so that the cost of a day stays what it was. One row an app, day, time zone, kind and view type.';
COMMENT ON COLUMN analytics.deleted_recordings.usage_date IS 'Day on which they began, in time_zone.';
COMMENT ON COLUMN analytics.deleted_recordings.time_zone IS 'Time zone of the app when they were deleted.';
-- +goose Down
-- Days of other zones are counted from the beginning, whatever the settings say by now.
CREATE TEMPORARY TABLE zoned ON COMMIT DROP AS
SELECT app_id FROM analytics.usage_days WHERE time_zone <> 'UTC'
UNION SELECT app_id FROM analytics.session_figures WHERE time_zone <> 'UTC'
UNION SELECT app_id FROM analytics.session_dates WHERE time_zone <> 'UTC';
DELETE FROM analytics.usage_days AS u
WHERE u.app_id IN (SELECT app_id FROM zoned)
  AND NOT EXISTS (SELECT FROM analytics.session_dates AS g WHERE g.is_gone AND g.app_id = u.app_id AND g.usage_date = u.usage_date);
INSERT INTO analytics.stale_sessions (session_id, started_at)
SELECT session_id, started_at FROM realtimekit.sessions WHERE app_id IN (SELECT app_id FROM zoned);
DROP TABLE zoned;
DROP VIEW analytics.usage_by_meeting, analytics.usage_cost, analytics.recording_usage, analytics.register, analytics.no_shows, analytics.occurrences,
    analytics.data_quality, analytics.preset_usage, analytics.daily_usage, analytics.presence_by_day, analytics.session_summary, analytics.session_bounds;
-- +rollcall define session_bounds
-- +rollcall define session_summary
-- +rollcall define presence_by_day
-- +rollcall define daily_usage
-- +rollcall define preset_usage
-- +rollcall define recording_usage
-- +rollcall define usage_cost
-- +rollcall define usage_by_meeting
-- +rollcall define occurrences
-- +rollcall define no_shows
-- +rollcall define register
-- +rollcall define data_quality
-- +rollcall define people_between
-- +rollcall define concurrency_hourly
-- +rollcall define derive
-- +rollcall define count_sessions
-- +rollcall define refresh
-- +rollcall define add_to_curves
-- +rollcall define queue_settings
DROP TRIGGER check_time_zone ON analytics.settings;
DROP TABLE sync.account_zones;
DROP FUNCTION analytics.queue_account(), analytics.check_time_zone(), analytics.day_of(timestamptz, text), analytics.zone_of(text), analytics.day_starts_at(date, text);
DROP INDEX analytics.deleted_recordings_key;
UPDATE analytics.deleted_recordings AS t SET recordings = s.recordings, recorded_seconds = s.recorded_seconds
FROM (SELECT min(deleted_id) AS deleted_id, sum(recordings) AS recordings, sum(recorded_seconds) AS recorded_seconds
      FROM analytics.deleted_recordings GROUP BY app_id, usage_date, usage_kind, preset_view_type HAVING count(*) > 1) AS s
WHERE t.deleted_id = s.deleted_id;
DELETE FROM analytics.deleted_recordings AS t USING analytics.deleted_recordings AS o
WHERE o.app_id = t.app_id AND o.usage_date = t.usage_date AND o.usage_kind = t.usage_kind
  AND o.preset_view_type IS NOT DISTINCT FROM t.preset_view_type AND o.deleted_id < t.deleted_id;
CREATE UNIQUE INDEX deleted_recordings_key ON analytics.deleted_recordings (app_id, usage_date, usage_kind, preset_view_type) NULLS NOT DISTINCT;
ALTER TABLE analytics.deleted_recordings DROP COLUMN time_zone;
ALTER TABLE analytics.usage_days DROP COLUMN time_zone;
ALTER TABLE analytics.session_dates DROP COLUMN time_zone;
ALTER TABLE analytics.session_figures DROP COLUMN time_zone;
ALTER TABLE analytics.settings DROP COLUMN time_zone;
COMMENT ON TABLE  analytics.usage_days IS 'Usage by day and app, behind the view daily_usage. Kept by analytics.refresh. Stays are cut at midnight UTC.';
COMMENT ON COLUMN analytics.usage_days.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.usage_preset_days.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.session_dates.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.session_figures.days IS 'UTC days on which somebody was inside; the two arrays that follow have an element for each.';
COMMENT ON COLUMN analytics.session_figures.preset_days IS 'UTC days, each as often as presets were inside on it; the arrays that follow have an element for each day and preset.';
COMMENT ON COLUMN analytics.session_people.is_split IS 'Whether the presences fall on several UTC days or presets: then session_person_days has them.';
COMMENT ON TABLE  analytics.session_person_days IS 'Presences of people that fall on several UTC days or presets, by both. One row a session, person, day and preset. Kept by analytics.derive.';
COMMENT ON COLUMN analytics.session_person_days.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.shared_person_days.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.usage_ids.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.usage_curves.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.usage_curves.starts_at IS 'Start of that time, UTC.';
COMMENT ON TABLE  analytics.deleted_recordings IS 'Sums of recordings and livestreams that rollcall retention deleted, so that the cost of a day stays what it was. One row an app, day, kind and view type.';
COMMENT ON COLUMN analytics.deleted_recordings.usage_date IS 'Day on which they began, UTC.';

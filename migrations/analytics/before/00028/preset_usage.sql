CREATE OR REPLACE VIEW analytics.preset_usage AS
SELECT u.usage_date, u.app_id, a.name AS app_name, u.preset_name, u.preset_view_type, u.sessions, u.unique_people, u.participants,
       u.person_seconds, u.participant_seconds, u.refreshed_at, d.time_zone
FROM analytics.usage_preset_days AS u
JOIN realtimekit.apps AS a ON a.app_id = u.app_id
LEFT JOIN analytics.usage_days AS d ON d.usage_date = u.usage_date AND d.app_id = u.app_id;

COMMENT ON VIEW  analytics.preset_usage IS 'Usage by day, app, preset and view type. Computed at the end of each run, for the days that changed.';
COMMENT ON COLUMN analytics.preset_usage.usage_date IS 'Day of the app, in time_zone.';
COMMENT ON COLUMN analytics.preset_usage.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.preset_usage.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.preset_usage.preset_name IS 'Preset (role); null where the participant has none.';
COMMENT ON COLUMN analytics.preset_usage.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.preset_usage.sessions IS 'Sessions in which somebody with the preset was inside.';
COMMENT ON COLUMN analytics.preset_usage.unique_people IS 'Different people who were inside with the preset.';
COMMENT ON COLUMN analytics.preset_usage.participants IS 'Participants (devices) inside with the preset.';
COMMENT ON COLUMN analytics.preset_usage.person_seconds IS 'Seconds inside, summed over people; a second in which a person was in several sessions of the app (a breakout room, a second device) counts once.';
COMMENT ON COLUMN analytics.preset_usage.participant_seconds IS 'Seconds inside, summed over presences of participants (devices): what the vendor bills.';
COMMENT ON COLUMN analytics.preset_usage.refreshed_at IS 'When the row was computed, UTC.';
COMMENT ON COLUMN analytics.preset_usage.time_zone IS 'Time zone of the day: that of the app in analytics.settings, UTC unless set; of a day of which rollcall retention deleted a session the one by which it was counted.';

CREATE OR REPLACE VIEW analytics.daily_usage AS
SELECT u.usage_date, u.app_id, a.name AS app_name, u.sessions_started, u.sessions_active, u.unique_people, u.unique_custom_ids,
       u.participants, u.person_seconds, u.participant_seconds, u.vendor_minutes, u.refreshed_at, u.peak_people, u.peak_participants, u.time_zone
FROM analytics.usage_days AS u
JOIN realtimekit.apps AS a ON a.app_id = u.app_id;

COMMENT ON VIEW  analytics.daily_usage IS 'Usage by day and app. Stays are cut at midnight in the time zone of the app (analytics.settings), UTC unless set. Computed at the end of each run, for the days that changed.';
COMMENT ON COLUMN analytics.daily_usage.usage_date IS 'Day of the app, in time_zone.';
COMMENT ON COLUMN analytics.daily_usage.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.daily_usage.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.daily_usage.sessions_started IS 'Sessions that began on the day.';
COMMENT ON COLUMN analytics.daily_usage.sessions_active IS 'Sessions in which somebody was inside on the day.';
COMMENT ON COLUMN analytics.daily_usage.unique_people IS 'Different people who were inside on the day.';
COMMENT ON COLUMN analytics.daily_usage.unique_custom_ids IS 'Different custom_participant_id that were inside on the day: people across meetings, where your system gives everybody one id.';
COMMENT ON COLUMN analytics.daily_usage.participants IS 'Participants (devices) that were inside on the day.';
COMMENT ON COLUMN analytics.daily_usage.person_seconds IS 'Seconds inside, summed over people; a second in which a person was in several sessions of the app (a breakout room, a second device) counts once.';
COMMENT ON COLUMN analytics.daily_usage.participant_seconds IS 'Seconds inside, summed over presences of participants (devices): what the vendor bills.';
COMMENT ON COLUMN analytics.daily_usage.vendor_minutes IS 'Participant-minutes as the vendor counts them (minutes_consumed), of the sessions that began on the day; null where it counts none.';
COMMENT ON COLUMN analytics.daily_usage.refreshed_at IS 'When the row was computed, UTC.';
COMMENT ON COLUMN analytics.daily_usage.peak_people IS 'Most people inside the app at one time of the day, over all of its sessions; with two devices, or in a lesson and its breakout room, a person counts once.';
COMMENT ON COLUMN analytics.daily_usage.peak_participants IS 'Most participants (devices) inside the app at one time of the day, over all of its sessions.';
COMMENT ON COLUMN analytics.daily_usage.time_zone IS 'Time zone of the day: that of the app in analytics.settings, UTC unless set; of a day of which rollcall retention deleted a session the one by which it was counted.';

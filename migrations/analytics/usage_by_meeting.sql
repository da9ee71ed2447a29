CREATE OR REPLACE VIEW analytics.usage_by_meeting AS
SELECT u.usage_date, date_trunc('month', u.usage_date::timestamp)::date AS usage_month, u.app_id, a.name AS app_name, u.meeting_id, m.title AS meeting_title,
       u.sessions_started, u.sessions_active, u.participants, u.participant_minutes, u.recordings, u.recording_minutes,
       u.livestreams, u.livestream_minutes, u.cost_amount, u.currency, u.minutes_without_price, coalesce(z.time_zone, u.time_zone) AS time_zone
FROM (
    SELECT usage_date, app_id, meeting_id, sum(sessions_started)::bigint AS sessions_started, sum(sessions_active)::bigint AS sessions_active,
           sum(participants)::bigint AS participants, coalesce(sum(participant_minutes), 0) AS participant_minutes,
           coalesce(sum(recordings), 0)::bigint AS recordings, coalesce(sum(recording_minutes), 0) AS recording_minutes,
           coalesce(sum(livestreams), 0)::bigint AS livestreams, coalesce(sum(livestream_minutes), 0) AS livestream_minutes,
           CASE WHEN count(DISTINCT currency) = 1 THEN sum(cost_amount) END AS cost_amount,
           CASE WHEN count(DISTINCT currency) = 1 THEN min(currency) END AS currency,
           coalesce(sum(minutes_without_price), 0) AS minutes_without_price, max(time_zone) AS time_zone
    FROM (
        SELECT usage_date, app_id, meeting_id, 0 AS sessions_started, 0 AS sessions_active, 0 AS participants, participant_minutes,
               CASE WHEN usage_kind <> 'livestream' THEN recordings END AS recordings, recording_minutes,
               CASE WHEN usage_kind = 'livestream' THEN recordings END AS livestreams, livestream_minutes, cost_amount, currency,
               CASE WHEN cost_amount IS NULL THEN coalesce(participant_minutes, recording_minutes, livestream_minutes) END AS minutes_without_price, time_zone
        FROM analytics.usage_cost
        UNION ALL
        SELECT d.usage_date, d.app_id, f.meeting_id, d.is_start::integer, (cardinality(d.preset_names) > 0)::integer, d.participants,
               NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, d.time_zone
        FROM analytics.session_dates AS d
        LEFT JOIN analytics.session_figures AS f ON f.session_id = d.session_id
        WHERE d.is_start OR cardinality(d.preset_names) > 0 -- else it came to a day that is kept as it was
    ) AS t
    GROUP BY 1, 2, 3
) AS u
JOIN realtimekit.apps AS a ON a.app_id = u.app_id
LEFT JOIN realtimekit.meetings AS m ON m.app_id = u.app_id AND m.meeting_id = u.meeting_id
LEFT JOIN analytics.usage_days AS z ON z.usage_date = u.usage_date AND z.app_id = u.app_id;

COMMENT ON VIEW  analytics.usage_by_meeting IS 'Usage and estimated cost of each meeting by day: sum it over usage_month for a month. A day of which rollcall retention deleted a session stays as it is. One row per day, app and meeting.';
COMMENT ON COLUMN analytics.usage_by_meeting.usage_date IS 'Day, as in usage_cost.';
COMMENT ON COLUMN analytics.usage_by_meeting.usage_month IS 'First day of its month.';
COMMENT ON COLUMN analytics.usage_by_meeting.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.usage_by_meeting.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.usage_by_meeting.meeting_id IS 'Meeting: realtimekit.meetings; null where it is not known, as of sessions that rollcall retention deleted.';
COMMENT ON COLUMN analytics.usage_by_meeting.meeting_title IS 'Newest title of the meeting.';
COMMENT ON COLUMN analytics.usage_by_meeting.sessions_started IS 'Sessions of the meeting that began on the day.';
COMMENT ON COLUMN analytics.usage_by_meeting.sessions_active IS 'Sessions of the meeting in which somebody was inside on the day.';
COMMENT ON COLUMN analytics.usage_by_meeting.participants IS 'Participants (devices) that were inside on the day, summed over the sessions.';
COMMENT ON COLUMN analytics.usage_by_meeting.participant_minutes IS 'Minutes inside, summed over presences of participants (devices).';
COMMENT ON COLUMN analytics.usage_by_meeting.recordings IS 'Recordings that began on the day.';
COMMENT ON COLUMN analytics.usage_by_meeting.recording_minutes IS 'Recorded minutes.';
COMMENT ON COLUMN analytics.usage_by_meeting.livestreams IS 'Runs of livestreams that began on the day.';
COMMENT ON COLUMN analytics.usage_by_meeting.livestream_minutes IS 'Streamed minutes, as taken in.';
COMMENT ON COLUMN analytics.usage_by_meeting.cost_amount IS 'Cost of what has a price, of participants, recordings and livestreams; null where nothing has one, or the prices are in several currencies.';
COMMENT ON COLUMN analytics.usage_by_meeting.currency IS 'Currency of cost_amount, ISO 4217.';
COMMENT ON COLUMN analytics.usage_by_meeting.minutes_without_price IS 'Minutes of whatever kind that no price fits, and that cost_amount leaves out.';
COMMENT ON COLUMN analytics.usage_by_meeting.time_zone IS 'Time zone of the day: that of the app in analytics.settings, UTC unless set; of a day of which rollcall retention deleted a session the one by which it was counted.';

CREATE OR REPLACE VIEW analytics.usage_cost AS
SELECT u.usage_date, u.app_id, a.name AS app_name, u.preset_name, u.preset_view_type,
       CASE WHEN u.usage_kind = 'participant' THEN round((u.seconds / 60)::numeric, 4) END AS participant_minutes,
       p.price_per_minute, p.currency,
       round((u.seconds / 60)::numeric * p.price_per_minute, 6) AS cost_amount,
       p.price_id,
       date_trunc('month', u.usage_date::timestamp)::date AS usage_month, u.usage_kind, u.meeting_id, m.title AS meeting_title,
       u.recordings,
       CASE WHEN u.usage_kind IN ('recording', 'track_recording') THEN round((u.seconds / 60)::numeric, 4) END AS recording_minutes,
       CASE WHEN u.usage_kind = 'livestream' THEN round((u.seconds / 60)::numeric, 4) END AS livestream_minutes,
       coalesce(u.time_zone, z.time_zone) AS time_zone
FROM (
    SELECT usage_date, app_id, meeting_id, preset_name, preset_view_type, 'participant' AS usage_kind,
           NULL::bigint AS recordings, (sum(us) / 1000000.0)::double precision AS seconds, NULL::text AS time_zone
    FROM (
        -- By meeting: what each session adds to a day.
        SELECT d.usage_date, d.app_id, f.meeting_id, p.preset_name, p.preset_view_type, p.us, 1 AS parts
        FROM analytics.session_dates AS d
        CROSS JOIN LATERAL unnest(d.preset_names, d.preset_view_types, d.preset_participant_us) AS p (preset_name, preset_view_type, us)
        LEFT JOIN analytics.session_figures AS f ON f.session_id = d.session_id
        UNION ALL
        -- Of no meeting that is known: what is left of preset_usage without them, so
        -- that the sum is always that of preset_usage.
        SELECT usage_date, app_id, NULL, preset_name, preset_view_type, round(participant_seconds * 1000000)::bigint, 0
        FROM analytics.usage_preset_days
        UNION ALL
        SELECT d.usage_date, d.app_id, NULL, p.preset_name, p.preset_view_type, -p.us, 0
        FROM analytics.session_dates AS d
        CROSS JOIN LATERAL unnest(d.preset_names, d.preset_view_types, d.preset_participant_us) AS p (preset_name, preset_view_type, us)
    ) AS t
    GROUP BY 1, 2, 3, 4, 5
    HAVING sum(parts) > 0 OR sum(us) <> 0
    UNION ALL
    SELECT usage_date, app_id, meeting_id, NULL, preset_view_type, usage_kind, sum(recordings)::bigint, sum(recorded_seconds), time_zone
    FROM analytics.recording_usage
    GROUP BY 1, 2, 3, 5, 6, 9
) AS u
JOIN realtimekit.apps AS a ON a.app_id = u.app_id
LEFT JOIN realtimekit.meetings AS m ON m.app_id = u.app_id AND m.meeting_id = u.meeting_id
LEFT JOIN analytics.usage_days AS z ON z.usage_date = u.usage_date AND z.app_id = u.app_id
LEFT JOIN LATERAL (
    SELECT p.price_id, p.price_per_minute, p.currency
    FROM analytics.prices AS p
    WHERE p.valid_from <= u.usage_date
      AND p.usage_kind = u.usage_kind
      AND (p.app_id IS NULL OR p.app_id = u.app_id)
      AND (p.preset_name IS NULL OR p.preset_name = u.preset_name)
      AND (p.preset_view_type IS NULL OR p.preset_view_type = u.preset_view_type)
    ORDER BY p.app_id IS NULL, p.preset_name IS NULL, p.preset_view_type IS NULL, p.valid_from DESC, p.price_id
    LIMIT 1
) AS p ON true;

COMMENT ON VIEW  analytics.usage_cost IS 'Estimated cost by day, app, meeting, preset and view type: minutes of participants, recordings and livestreams × your prices in analytics.prices. Without a price that fits there is no cost, not a cost of 0. One row per day, app, kind of usage, meeting, preset and view type: sum what you ask for by app, meeting, preset, day or month.';
COMMENT ON COLUMN analytics.usage_cost.usage_date IS 'Day of the app, in time_zone. Stays are cut at midnight; a recording or livestream counts on the day on which it began.';
COMMENT ON COLUMN analytics.usage_cost.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.usage_cost.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.usage_cost.preset_name IS 'Preset (role); null where the participant has none, and for recordings and livestreams.';
COMMENT ON COLUMN analytics.usage_cost.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says. For recordings and livestreams that of everybody in the session; null where it is not one.';
COMMENT ON COLUMN analytics.usage_cost.participant_minutes IS 'Minutes inside, summed over presences of participants (devices), four decimals; null in rows of recordings and livestreams.';
COMMENT ON COLUMN analytics.usage_cost.price_per_minute IS 'Price of one minute that was used, in the currency; null where none fits.';
COMMENT ON COLUMN analytics.usage_cost.currency IS 'Currency of the price, ISO 4217.';
COMMENT ON COLUMN analytics.usage_cost.cost_amount IS 'Minutes × price_per_minute in the currency, six decimals; null where no price fits.';
COMMENT ON COLUMN analytics.usage_cost.price_id IS 'Price that was used: analytics.prices.price_id.';
COMMENT ON COLUMN analytics.usage_cost.usage_month IS 'First day of the month of usage_date, as the vendor''s bill has it.';
COMMENT ON COLUMN analytics.usage_cost.usage_kind IS 'Kind of usage: participant, recording, track_recording or livestream.';
COMMENT ON COLUMN analytics.usage_cost.meeting_id IS 'Meeting: realtimekit.meetings; null where it is not known, as of sessions that rollcall retention deleted.';
COMMENT ON COLUMN analytics.usage_cost.meeting_title IS 'Newest title of the meeting.';
COMMENT ON COLUMN analytics.usage_cost.recordings IS 'How many recordings or runs of livestreams; null in rows of participants.';
COMMENT ON COLUMN analytics.usage_cost.recording_minutes IS 'Recorded minutes, four decimals; null in rows of participants and livestreams.';
COMMENT ON COLUMN analytics.usage_cost.livestream_minutes IS 'Streamed minutes, as taken in from the session, four decimals; null in rows of participants and recordings.';
COMMENT ON COLUMN analytics.usage_cost.time_zone IS 'Time zone of the day: that of the app in analytics.settings, UTC unless set; of a day of which rollcall retention deleted a session the one by which it was counted.';

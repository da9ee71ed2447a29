-- From the curves that the peaks of daily_usage come from: their leaves have every
-- moment at which the number in an app changes, over all of its sessions. A day's curve
-- begins with those who are inside at midnight, and nobody leaves it at its end.
CREATE OR REPLACE VIEW analytics.concurrency_hourly AS
SELECT u.usage_date, u.app_id, a.name AS app_name, h.hour_at, h.peak_people, h.average_people, h.peak_participants, h.average_participants
FROM analytics.usage_days AS u
JOIN realtimekit.apps AS a ON a.app_id = u.app_id
CROSS JOIN LATERAL (SELECT analytics.day_starts_at(u.usage_date, u.time_zone) AS starts_at, analytics.day_starts_at(u.usage_date + 1, u.time_zone) AS ends_at) AS d
CROSS JOIN LATERAL (
    SELECT t.hour_at, max(s.people)::bigint AS peak_people, round(sum(s.people * o.seconds) / min(o.of_seconds), 3)::double precision AS average_people,
           max(s.participants)::bigint AS peak_participants, round(sum(s.participants * o.seconds) / min(o.of_seconds), 3)::double precision AS average_participants
    FROM (
        SELECT s.step_at, coalesce(lead(s.step_at) OVER w, d.ends_at) AS until_at,
               sum(s.people) OVER w AS people, sum(s.participants) OVER w AS participants
        FROM analytics.usage_curves AS c
        CROSS JOIN LATERAL unnest(c.step_at, c.people, c.participants) AS s (step_at, people, participants)
        WHERE c.app_id = u.app_id AND c.usage_date = u.usage_date AND c.is_leaf
        WINDOW w AS (ORDER BY s.step_at)
    ) AS s
    CROSS JOIN LATERAL generate_series(date_bin(interval '1 hour', s.step_at, d.starts_at), s.until_at - interval '1 microsecond', interval '1 hour') AS t (hour_at)
    CROSS JOIN LATERAL (
        SELECT extract(epoch FROM least(s.until_at, t.hour_at + interval '1 hour') - greatest(s.step_at, t.hour_at)) AS seconds,
               -- The last one may be half an hour, on Lord Howe.
               CASE WHEN d.ends_at > t.hour_at AND d.ends_at < t.hour_at + interval '1 hour' THEN extract(epoch FROM d.ends_at - t.hour_at) ELSE 3600 END AS of_seconds
    ) AS o
    WHERE s.people > 0 OR s.participants > 0
    GROUP BY t.hour_at
) AS h;

COMMENT ON VIEW  analytics.concurrency_hourly IS 'How many were inside an app at once, hour by hour, over all of its sessions. One row per app and hour in which somebody was inside. Ask for days by usage_date, so that only those are read. Computed from what is kept for the peaks of daily_usage, and as current; machines, such as recorders, are not counted.';
COMMENT ON COLUMN analytics.concurrency_hourly.usage_date IS 'Day of the hour, as in daily_usage.';
COMMENT ON COLUMN analytics.concurrency_hourly.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.concurrency_hourly.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.concurrency_hourly.hour_at IS 'Start of the hour, UTC. Hours are counted from the start of the day in the time zone of the app.';
COMMENT ON COLUMN analytics.concurrency_hourly.peak_people IS 'Most people inside at once during the hour; with two devices, or in a lesson and its breakout room, a person counts once.';
COMMENT ON COLUMN analytics.concurrency_hourly.average_people IS 'People inside on average over the whole hour, the time in which nobody was there included.';
COMMENT ON COLUMN analytics.concurrency_hourly.peak_participants IS 'Most participants (devices) inside at once during the hour.';
COMMENT ON COLUMN analytics.concurrency_hourly.average_participants IS 'Participants (devices) inside on average over the whole hour.';

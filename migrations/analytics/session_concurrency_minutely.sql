-- Counted in times without a zone, in UTC, which depend on no setting: Citus sends a table's
-- function to a worker only then.
CREATE OR REPLACE VIEW analytics.session_concurrency_minutely AS
SELECT b.session_id, c.*
FROM analytics.session_figures AS b
CROSS JOIN LATERAL (
    SELECT m.minute_at AT TIME ZONE 'UTC' AS minute_at,
           max(step.people)::bigint AS peak_people,
           round(sum(step.people * o.seconds) / sum(o.seconds), 3)::double precision AS average_people,
           max(step.participants)::bigint AS peak_participants
    FROM (
        SELECT greatest(c.changed_at, b.starts_at) AT TIME ZONE 'UTC' AS from_at, least(c.until_at, b.ends_at) AT TIME ZONE 'UTC' AS to_at,
               c.people, c.participants
        FROM unnest(b.step_at, b.step_at[2:], b.step_people, b.step_participants) AS c (changed_at, until_at, people, participants)
        WHERE c.until_at IS NOT NULL
    ) AS step
    CROSS JOIN LATERAL generate_series(
        date_trunc('minute', step.from_at), step.to_at - interval '1 microsecond', interval '1 minute') AS m (minute_at)
    CROSS JOIN LATERAL (
        SELECT extract(epoch FROM least(step.to_at, m.minute_at + interval '1 minute')
                                  - greatest(step.from_at, m.minute_at)) AS seconds
    ) AS o
    WHERE step.from_at < step.to_at
      AND step.to_at <= step.from_at + interval '744 hours' -- longer is no presence, only years between absurd times
    GROUP BY m.minute_at
) AS c;

COMMENT ON VIEW  analytics.session_concurrency_minutely IS 'How many were inside, minute by minute, between the first joining and the last leaving within the session. One row per session and minute.';
COMMENT ON COLUMN analytics.session_concurrency_minutely.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_concurrency_minutely.minute_at IS 'Start of the minute, UTC.';
COMMENT ON COLUMN analytics.session_concurrency_minutely.peak_people IS 'Most people inside at once during the minute.';
COMMENT ON COLUMN analytics.session_concurrency_minutely.average_people IS 'People inside on average over the part of the minute that lies within the session and between the first joining and the last leaving.';
COMMENT ON COLUMN analytics.session_concurrency_minutely.peak_participants IS 'Most participants (devices) inside at once during the minute.';

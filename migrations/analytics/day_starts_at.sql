-- When a day begins somewhere: at the first of two midnights where the clock is set back
-- over it, else after the gap. The first is twelve hours after noon of the day before.
-- A plain expression, so that the planner puts it in the place of the call.
CREATE OR REPLACE FUNCTION analytics.day_starts_at(day date, time_zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN time_zone IS NULL OR time_zone = 'UTC' THEN day::timestamp AT TIME ZONE 'UTC'
        WHEN ((day::timestamp - interval '12 hours') AT TIME ZONE time_zone + interval '12 hours') AT TIME ZONE time_zone = day::timestamp
            THEN (day::timestamp - interval '12 hours') AT TIME ZONE time_zone + interval '12 hours'
        ELSE day::timestamp AT TIME ZONE time_zone
    END
$$;
COMMENT ON FUNCTION analytics.day_starts_at(date, text) IS 'When a day begins in a time zone; null is UTC. It ends where the next begins, after 23, 24 or 25 hours mostly.';

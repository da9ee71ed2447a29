-- The day of a moment, so that each day is one stretch of time from day_starts_at to the
-- next: where a clock is set back over midnight, what comes after is no more of the day before.
CREATE OR REPLACE FUNCTION analytics.day_of(moment timestamptz, time_zone text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN time_zone IS NULL OR time_zone = 'UTC' THEN (moment AT TIME ZONE 'UTC')::date
        ELSE (moment AT TIME ZONE time_zone)::date
             + (moment >= analytics.day_starts_at((moment AT TIME ZONE time_zone)::date + 1, time_zone))::integer
    END
$$;
COMMENT ON FUNCTION analytics.day_of(timestamptz, text) IS 'The day of a moment in a time zone; null is UTC.';

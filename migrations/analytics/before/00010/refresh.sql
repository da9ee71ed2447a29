CREATE OR REPLACE FUNCTION analytics.refresh(max_sessions integer DEFAULT 500) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
-- Before the first ANALYZE a large session looks like one of a few rows, and its
-- presences and events would be joined by a loop over rows kept in memory.
SET enable_material = off
AS $$
DECLARE
    changed uuid[];
    apps    text[];
    dates   date[];
BEGIN
    -- Two at once would each compute a day without the other's session. Whoever
    -- is at it goes on until nothing is left, so there is nothing to wait for;
    -- rollcall retention, which holds the lock while sessions go, does so at its end.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('rollcall:analytics', 0)) THEN
        RETURN 0;
    END IF;

    -- Oldest sessions first, so that sessions of a day are mostly taken together.
    -- Of a session queued twice, the other row may be left to the next batch.
    WITH taken AS (
        DELETE FROM analytics.stale_sessions
        WHERE ctid = ANY (ARRAY (
            SELECT ctid FROM analytics.stale_sessions ORDER BY started_at NULLS FIRST, session_id LIMIT max_sessions))
        RETURNING session_id
    )
    SELECT array_agg(DISTINCT session_id) INTO changed FROM taken;
    IF changed IS NULL THEN
        RETURN 0;
    END IF;

    -- The days that the sessions touch now, and those that they touched before.
    WITH now_on AS MATERIALIZED (
        SELECT b.session_id, b.app_id, (b.starts_at AT TIME ZONE 'UTC')::date AS usage_date
        FROM analytics.session_bounds AS b
        WHERE b.session_id = ANY (changed) AND b.starts_at IS NOT NULL
        UNION
        SELECT i.session_id, s.app_id, g.usage_date::date
        FROM realtimekit.sessions AS s
        JOIN analytics.participant_intervals AS i ON i.session_id = s.session_id
        CROSS JOIN LATERAL generate_series(
            date_trunc('day', i.joined_at),
            greatest(i.joined_at, i.left_at - interval '1 microsecond'), interval '1 day') AS g (usage_date)
        WHERE s.session_id = ANY (changed)
    ), added AS (
        INSERT INTO analytics.session_dates SELECT session_id, app_id, usage_date FROM now_on
        ON CONFLICT DO NOTHING
    ), gone AS (
        DELETE FROM analytics.session_dates AS d
        WHERE d.session_id = ANY (changed) AND NOT EXISTS (
            SELECT FROM now_on AS n
            WHERE (n.session_id, n.app_id, n.usage_date) = (d.session_id, d.app_id, d.usage_date))
        RETURNING d.app_id, d.usage_date
    )
    SELECT array_agg(app_id), array_agg(usage_date) INTO apps, dates
    FROM (SELECT app_id, usage_date FROM now_on UNION SELECT app_id, usage_date FROM gone) AS t;

    -- A day is kept as it is while one of its sessions is not there to count: what
    -- rollcall retention deleted is in session_dates only.
    SELECT array_agg(d.app_id), array_agg(d.usage_date) INTO apps, dates
    FROM unnest(apps, dates) AS d (app_id, usage_date)
    WHERE NOT EXISTS (
        SELECT FROM analytics.session_dates AS m
        WHERE m.app_id = d.app_id AND m.usage_date = d.usage_date
          AND NOT EXISTS (SELECT FROM realtimekit.sessions AS s WHERE s.session_id = m.session_id));

    -- A day without sessions is no row. Rows that stay are updated where they
    -- differ, and not replaced.
    DELETE FROM analytics.usage_days AS u
    USING unnest(apps, dates) AS d (app_id, usage_date)
    WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date AND NOT EXISTS (
        SELECT FROM analytics.session_dates AS m WHERE m.app_id = d.app_id AND m.usage_date = d.usage_date);

    WITH day_sessions AS MATERIALIZED (
        SELECT m.app_id, m.usage_date, m.session_id
        FROM unnest(apps, dates) AS d (app_id, usage_date)
        JOIN analytics.session_dates AS m USING (app_id, usage_date)
    ), pieces AS MATERIALIZED (
        SELECT p.*
        FROM unnest(apps, dates) AS d (app_id, usage_date)
        JOIN analytics.presence_by_day AS p USING (app_id, usage_date)
    ), started AS (
        SELECT m.app_id, m.usage_date,
               count(*) FILTER (WHERE coalesce(s.started_at, s.created_at)::date = m.usage_date) AS sessions,
               -- As numeric the sum is exact, and the same whatever the order of the sessions.
               sum(s.minutes_consumed::numeric) FILTER (WHERE coalesce(s.started_at, s.created_at)::date = m.usage_date)::double precision AS vendor_minutes
        FROM day_sessions AS m JOIN realtimekit.sessions AS s ON s.session_id = m.session_id
        GROUP BY 1, 2
    ), person_days AS MATERIALIZED (
        SELECT app_id, usage_date, person_id, range_agg(tstzrange(from_at, to_at)) AS presence
        FROM pieces GROUP BY 1, 2, 3
    ), persons AS (
        SELECT app_id, usage_date, count(*) AS people, sum(t.seconds) AS seconds
        FROM person_days AS p
        CROSS JOIN LATERAL (SELECT sum(extract(epoch FROM upper(v) - lower(v))) AS seconds FROM unnest(p.presence) AS v) AS t
        GROUP BY 1, 2
    ), visits AS (
        SELECT app_id, usage_date, unnest(presence) AS visit, 1 AS people, 0 AS participants FROM person_days
        UNION ALL
        SELECT app_id, usage_date, unnest(range_agg(tstzrange(from_at, to_at))), 0, 1
        FROM pieces GROUP BY app_id, usage_date, session_id, participant_id
    ), peaks AS (
        SELECT app_id, usage_date, max(people) AS people, max(participants) AS participants
        FROM (
            SELECT app_id, usage_date, sum(sum(people)) OVER so_far AS people, sum(sum(participants)) OVER so_far AS participants
            FROM (SELECT app_id, usage_date, lower(visit) AS changed_at, people, participants FROM visits
                  UNION ALL
                  SELECT app_id, usage_date, upper(visit), -people, -participants FROM visits) AS c
            GROUP BY app_id, usage_date, changed_at
            WINDOW so_far AS (PARTITION BY app_id, usage_date ORDER BY changed_at)
        ) AS curve
        GROUP BY 1, 2
    ), totals AS (
        SELECT app_id, usage_date, count(DISTINCT session_id) AS sessions, count(DISTINCT custom_participant_id) AS custom_ids,
               count(DISTINCT (session_id, participant_id)) AS participants, sum(extract(epoch FROM to_at - from_at)) AS seconds
        FROM pieces GROUP BY 1, 2
    ), by_day AS (
        INSERT INTO analytics.usage_days AS u (usage_date, app_id, sessions_started, sessions_active, unique_people, unique_custom_ids,
            participants, person_seconds, participant_seconds, vendor_minutes, refreshed_at, peak_people, peak_participants)
        SELECT usage_date, app_id, s.sessions, coalesce(t.sessions, 0), coalesce(p.people, 0), coalesce(t.custom_ids, 0),
               coalesce(t.participants, 0), coalesce(p.seconds, 0), coalesce(t.seconds, 0), s.vendor_minutes, now(),
               coalesce(k.people, 0), coalesce(k.participants, 0)
        FROM started AS s LEFT JOIN persons AS p USING (app_id, usage_date) LEFT JOIN totals AS t USING (app_id, usage_date)
        LEFT JOIN peaks AS k USING (app_id, usage_date)
        ON CONFLICT (usage_date, app_id) DO UPDATE
        SET sessions_started = excluded.sessions_started, sessions_active = excluded.sessions_active,
            unique_people = excluded.unique_people, unique_custom_ids = excluded.unique_custom_ids,
            participants = excluded.participants, person_seconds = excluded.person_seconds,
            participant_seconds = excluded.participant_seconds, vendor_minutes = excluded.vendor_minutes,
            refreshed_at = excluded.refreshed_at, peak_people = excluded.peak_people, peak_participants = excluded.peak_participants
        WHERE (u.sessions_started, u.sessions_active, u.unique_people, u.unique_custom_ids, u.participants,
               u.person_seconds, u.participant_seconds, u.vendor_minutes, u.peak_people, u.peak_participants)
              IS DISTINCT FROM
              (excluded.sessions_started, excluded.sessions_active, excluded.unique_people, excluded.unique_custom_ids,
               excluded.participants, excluded.person_seconds, excluded.participant_seconds, excluded.vendor_minutes,
               excluded.peak_people, excluded.peak_participants)
    ), preset_totals AS (
        SELECT app_id, usage_date, preset_name, preset_view_type, count(DISTINCT session_id) AS sessions,
               count(DISTINCT (session_id, participant_id)) AS participants, sum(extract(epoch FROM to_at - from_at)) AS seconds
        FROM pieces GROUP BY 1, 2, 3, 4
    ), preset_persons AS (
        SELECT app_id, usage_date, preset_name, preset_view_type, count(*) AS people, sum(t.seconds) AS seconds
        FROM (SELECT app_id, usage_date, preset_name, preset_view_type, person_id, range_agg(tstzrange(from_at, to_at)) AS presence
              FROM pieces GROUP BY 1, 2, 3, 4, 5) AS p
        CROSS JOIN LATERAL (SELECT sum(extract(epoch FROM upper(v) - lower(v))) AS seconds FROM unnest(p.presence) AS v) AS t
        GROUP BY 1, 2, 3, 4
    ), presets AS MATERIALIZED (
        SELECT t.*, p.people, coalesce(p.seconds, 0) AS person_seconds
        FROM preset_totals AS t
        JOIN preset_persons AS p ON p.app_id = t.app_id AND p.usage_date = t.usage_date
            AND p.preset_name IS NOT DISTINCT FROM t.preset_name AND p.preset_view_type IS NOT DISTINCT FROM t.preset_view_type
    ), gone AS (
        DELETE FROM analytics.usage_preset_days AS u
        USING unnest(apps, dates) AS d (app_id, usage_date)
        WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date AND NOT EXISTS (
            SELECT FROM presets AS p
            WHERE p.app_id = u.app_id AND p.usage_date = u.usage_date
              AND p.preset_name IS NOT DISTINCT FROM u.preset_name AND p.preset_view_type IS NOT DISTINCT FROM u.preset_view_type)
    )
    INSERT INTO analytics.usage_preset_days AS u (usage_date, app_id, preset_name, preset_view_type, sessions, unique_people,
        participants, person_seconds, participant_seconds, refreshed_at)
    SELECT usage_date, app_id, preset_name, preset_view_type, sessions, people, participants, person_seconds, seconds, now()
    FROM presets
    ON CONFLICT (usage_date, app_id, preset_name, preset_view_type) DO UPDATE
    SET sessions = excluded.sessions, unique_people = excluded.unique_people, participants = excluded.participants,
        person_seconds = excluded.person_seconds, participant_seconds = excluded.participant_seconds,
        refreshed_at = excluded.refreshed_at
    WHERE (u.sessions, u.unique_people, u.participants, u.person_seconds, u.participant_seconds)
          IS DISTINCT FROM
          (excluded.sessions, excluded.unique_people, excluded.participants, excluded.person_seconds, excluded.participant_seconds);

    RETURN cardinality(changed);
END
$$;

COMMENT ON FUNCTION analytics.refresh(integer) IS 'Computes anew the days of at most so many changed sessions, but none of which rollcall retention deleted a session, in one transaction, and gives how many it took; 0 when there is nothing to do or another is doing it. Rollcall calls it at the end of each run.';

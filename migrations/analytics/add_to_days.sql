-- What was counted of sessions, of who is in several of them and of ids, before and now:
-- the days and their presets change by the difference. A day's peak stands at the root
-- of its curve, which is up to date before.
CREATE OR REPLACE FUNCTION analytics.add_to_days(before analytics.session_dates[], after analytics.session_dates[],
    shared_before analytics.shared_person_days[], shared_after analytics.shared_person_days[],
    ids_added analytics.usage_ids[], ids_gone analytics.usage_ids[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
SET enable_material = off
SET enable_seqscan = off
SET work_mem = '64MB'
SET enable_mergejoin = off
SET enable_nestloop = on
AS $$
BEGIN
    WITH difference AS (
        SELECT app_id, usage_date, sum(members) AS members, sum(started) AS started, sum(active) AS active, sum(people) AS people,
               sum(ids) AS ids, sum(person_us) AS person_us, sum(participants) AS participants, sum(participant_us) AS participant_us,
               sum(vendor_sum) AS vendor_sum, sum(vendor_sessions) AS vendor_sessions, min(time_zone) AS time_zone, max(time_zone) AS other_zone
        FROM (
            SELECT d.app_id, d.usage_date, k.sign AS members, k.sign * d.is_start::integer AS started,
                   k.sign * (cardinality(d.preset_names) > 0)::integer AS active, k.sign * d.people AS people, 0 AS ids,
                   k.sign * d.person_us AS person_us, k.sign * d.participants AS participants, k.sign * d.participant_us AS participant_us,
                   k.sign * coalesce(d.vendor_minutes, 0) AS vendor_sum, k.sign * (d.vendor_minutes IS NOT NULL)::integer AS vendor_sessions,
                   CASE WHEN k.sign = 1 THEN d.time_zone END AS time_zone
            FROM (SELECT 1, after UNION ALL SELECT -1, before) AS k (sign, dates) CROSS JOIN LATERAL unnest(k.dates) AS d
            UNION ALL
            SELECT d.app_id, d.usage_date, 0, 0, 0, k.sign * d.extra_people, 0, k.sign * d.extra_us, 0, 0, 0, 0, NULL
            FROM (SELECT -1, shared_after UNION ALL SELECT 1, shared_before) AS k (sign, dates) CROSS JOIN LATERAL unnest(k.dates) AS d
            UNION ALL
            SELECT d.app_id, d.usage_date, 0, 0, 0, 0, k.sign, 0, 0, 0, 0, 0, NULL
            FROM (SELECT 1, ids_added UNION ALL SELECT -1, ids_gone) AS k (sign, ids) CROSS JOIN LATERAL unnest(k.ids) AS d
        ) AS d
        GROUP BY 1, 2
    )
    INSERT INTO analytics.usage_days AS u (usage_date, app_id, sessions_started, sessions_active, unique_people, unique_custom_ids, participants,
        person_seconds, participant_seconds, vendor_minutes, refreshed_at, peak_people, peak_participants,
        members, person_us, participant_us, vendor_sum, vendor_sessions, time_zone)
    SELECT d.usage_date, d.app_id, d.started, d.active, d.people, d.ids, d.participants, d.person_us / 1000000.0, d.participant_us / 1000000.0,
           CASE WHEN d.vendor_sessions > 0 THEN d.vendor_sum END, now(), greatest(c.high_people, 0), greatest(c.high_participants, 0),
           d.members, d.person_us, d.participant_us, d.vendor_sum, d.vendor_sessions,
           CASE
               WHEN d.time_zone IS NULL THEN coalesce((SELECT o.time_zone FROM analytics.usage_days AS o WHERE o.usage_date = d.usage_date AND o.app_id = d.app_id), 'UTC')
               WHEN d.time_zone = d.other_zone OR analytics.zone_of(d.app_id) NOT IN (d.time_zone, d.other_zone) THEN d.time_zone
               ELSE analytics.zone_of(d.app_id)
           END
    FROM difference AS d
    LEFT JOIN analytics.usage_curves AS c
        ON c.app_id = d.app_id AND c.usage_date = d.usage_date AND c.seconds = 86400 AND c.starts_at = d.usage_date::timestamptz
    ON CONFLICT (usage_date, app_id) DO UPDATE
    SET sessions_started = u.sessions_started + excluded.sessions_started, sessions_active = u.sessions_active + excluded.sessions_active,
        unique_people = u.unique_people + excluded.unique_people, unique_custom_ids = u.unique_custom_ids + excluded.unique_custom_ids,
        participants = u.participants + excluded.participants,
        person_seconds = (u.person_us + excluded.person_us) / 1000000.0,
        participant_seconds = (u.participant_us + excluded.participant_us) / 1000000.0,
        vendor_minutes = CASE WHEN u.vendor_sessions + excluded.vendor_sessions > 0 THEN u.vendor_sum + excluded.vendor_sum END,
        refreshed_at = excluded.refreshed_at, peak_people = excluded.peak_people, peak_participants = excluded.peak_participants,
        members = u.members + excluded.members, person_us = u.person_us + excluded.person_us,
        participant_us = u.participant_us + excluded.participant_us, vendor_sum = u.vendor_sum + excluded.vendor_sum,
        vendor_sessions = u.vendor_sessions + excluded.vendor_sessions,
        time_zone = CASE WHEN excluded.time_zone = u.time_zone OR excluded.time_zone <> analytics.zone_of(u.app_id) THEN u.time_zone ELSE excluded.time_zone END
    WHERE (excluded.sessions_started, excluded.sessions_active, excluded.unique_people, excluded.unique_custom_ids, excluded.participants,
           excluded.person_us, excluded.participant_us, excluded.members, excluded.vendor_sum, excluded.vendor_sessions)
          IS DISTINCT FROM (0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::numeric, 0::bigint)
       OR (u.peak_people, u.peak_participants, u.time_zone) IS DISTINCT FROM (excluded.peak_people, excluded.peak_participants, excluded.time_zone);

    WITH difference AS (
        SELECT app_id, usage_date, preset_name, preset_view_type, sum(sessions) AS sessions, sum(people) AS people, sum(person_us) AS person_us,
               sum(participants) AS participants, sum(participant_us) AS participant_us
        FROM (
            SELECT d.app_id, d.usage_date, p.preset_name, p.preset_view_type, k.sign AS sessions, k.sign * p.people AS people,
                   k.sign * p.person_us AS person_us, k.sign * p.participants AS participants, k.sign * p.participant_us AS participant_us
            FROM (SELECT 1, after UNION ALL SELECT -1, before) AS k (sign, dates)
            CROSS JOIN LATERAL unnest(k.dates) AS d
            CROSS JOIN LATERAL unnest(d.preset_names, d.preset_view_types, d.preset_people, d.preset_person_us, d.preset_participants, d.preset_participant_us)
                AS p (preset_name, preset_view_type, people, person_us, participants, participant_us)
            UNION ALL
            SELECT d.app_id, d.usage_date, p.preset_name, p.preset_view_type, 0, k.sign * p.people, k.sign * p.us, 0, 0
            FROM (SELECT -1, shared_after UNION ALL SELECT 1, shared_before) AS k (sign, dates)
            CROSS JOIN LATERAL unnest(k.dates) AS d
            CROSS JOIN LATERAL unnest(d.preset_names, d.preset_view_types, d.preset_people, d.preset_us) AS p (preset_name, preset_view_type, people, us)
        ) AS d
        GROUP BY 1, 2, 3, 4
        HAVING sum(sessions) <> 0 OR sum(people) <> 0 OR sum(person_us) <> 0 OR sum(participants) <> 0 OR sum(participant_us) <> 0
    )
    INSERT INTO analytics.usage_preset_days AS u (usage_date, app_id, preset_name, preset_view_type, sessions, unique_people, participants,
        person_seconds, participant_seconds, refreshed_at, person_us, participant_us)
    SELECT usage_date, app_id, preset_name, preset_view_type, sessions, people, participants, person_us / 1000000.0, participant_us / 1000000.0, now(),
           person_us, participant_us
    FROM difference
    ON CONFLICT (usage_date, app_id, preset_name, preset_view_type) DO UPDATE
    SET sessions = u.sessions + excluded.sessions, unique_people = u.unique_people + excluded.unique_people,
        participants = u.participants + excluded.participants,
        person_seconds = (u.person_us + excluded.person_us) / 1000000.0,
        participant_seconds = (u.participant_us + excluded.participant_us) / 1000000.0, refreshed_at = excluded.refreshed_at,
        person_us = u.person_us + excluded.person_us, participant_us = u.participant_us + excluded.participant_us;
END
$$;
COMMENT ON FUNCTION analytics.add_to_days(analytics.session_dates[], analytics.session_dates[], analytics.shared_person_days[], analytics.shared_person_days[], analytics.usage_ids[], analytics.usage_ids[]) IS 'Adds what sessions have come to count for to analytics.usage_days and analytics.usage_preset_days. Called by whoever counts the usage by day.';

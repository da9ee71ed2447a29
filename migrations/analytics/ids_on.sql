-- Ids of people across meetings, on the days of their sessions: each counts once, in
-- however many sessions it is.
CREATE OR REPLACE FUNCTION analytics.ids_on(session_ids uuid[], dates analytics.session_dates[]) RETURNS analytics.usage_ids[]
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
DECLARE
    there analytics.usage_ids[];
BEGIN
    WITH days AS (
        SELECT session_id, app_id, usage_date, analytics.day_starts_at(usage_date, time_zone) AS from_at, analytics.day_starts_at(usage_date + 1, time_zone) AS to_at
        FROM unnest(dates)
    ), split AS MATERIALIZED (
        -- First, so that a session without them is not read person by person.
        SELECT session_id, person_id FROM analytics.session_people WHERE session_id = ANY (session_ids) AND is_split
    ), split_rows AS MATERIALIZED (
        SELECT session_id, participant_id, custom_participant_id, user_id, preset_name, display_name
        FROM realtimekit.participants WHERE session_id = ANY (ARRAY (SELECT session_id FROM split)) AND custom_participant_id IS NOT NULL
    ), split_presences AS MATERIALIZED (
        SELECT session_id, participant_id, joined_at, left_at FROM analytics.presences WHERE session_id = ANY (ARRAY (SELECT session_id FROM split))
    ), whole_people AS MATERIALIZED (
        SELECT session_id, first_join_at, custom_participant_id, custom_ids
        FROM analytics.session_people WHERE session_id = ANY (session_ids) AND NOT is_split
    ), their_rows AS MATERIALIZED (
        SELECT q.session_id, q.participant_id, q.custom_participant_id,
               analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name) AS person_id
        FROM (SELECT DISTINCT session_id, app_id FROM days) AS d
        JOIN split_rows AS q ON q.session_id = d.session_id
        LEFT JOIN analytics.settings AS k ON k.app_id = d.app_id AND k.meeting_id = ''
        -- One that waits to be derived anew, as by other settings, is counted again after that.
        WHERE (SELECT w.session_id FROM analytics.stale_sessions AS w WHERE w.session_id = d.session_id AND NOT w.is_derived LIMIT 1) IS NULL
    ), their_presences AS MATERIALIZED (
        -- Apart, and by a hash of who is split: a join may compare each with all.
        SELECT q.session_id, q.custom_participant_id, i.joined_at, i.left_at
        FROM their_rows AS q
        JOIN split_presences AS i ON i.session_id = q.session_id AND i.participant_id = q.participant_id
        WHERE ((q.session_id, q.person_id) IN (SELECT session_id, person_id FROM split)) IS TRUE
    ), now_there AS (
        SELECT d.app_id, d.usage_date, p.custom_participant_id AS id
        FROM days AS d
        JOIN whole_people AS p ON p.session_id = d.session_id AND p.first_join_at >= d.from_at AND p.first_join_at < d.to_at
        WHERE p.custom_ids IS NULL AND p.custom_participant_id IS NOT NULL
        UNION
        SELECT d.app_id, d.usage_date, unnest(p.custom_ids)
        FROM days AS d
        JOIN whole_people AS p ON p.session_id = d.session_id AND p.first_join_at >= d.from_at AND p.first_join_at < d.to_at
        WHERE p.custom_ids IS NOT NULL
        UNION
        SELECT d.app_id, d.usage_date, i.custom_participant_id
        FROM days AS d
        JOIN their_presences AS i ON i.session_id = d.session_id
            AND i.joined_at < d.to_at AND (i.left_at > d.from_at OR i.joined_at >= d.from_at)
    )
    SELECT array_agg(row(app_id, usage_date, id)::analytics.usage_ids) INTO there FROM now_there;
    RETURN there;
END
$$;
COMMENT ON FUNCTION analytics.ids_on(uuid[], analytics.session_dates[]) IS 'The ids of people of these sessions on these days of theirs, each once a day. Called by whoever counts the usage by day.';

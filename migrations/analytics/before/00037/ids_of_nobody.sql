-- Each id is looked for once, by an index: a join may compare each with all.
CREATE OR REPLACE FUNCTION analytics.ids_of_nobody(ids analytics.usage_ids[], zoned text[]) RETURNS analytics.usage_ids[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
AS $$
DECLARE
    far_off constant interval := '16 hours'; -- of any clock from UTC
BEGIN
    RETURN ARRAY (
        WITH missed AS MATERIALIZED (
            SELECT o.app_id, o.usage_date, o.custom_participant_id
            FROM (SELECT o.*, o.usage_date::timestamptz - CASE WHEN o.app_id = ANY (zoned) THEN far_off ELSE '0' END AS from_at,
                         o.usage_date::timestamptz + interval '24 hours' + CASE WHEN o.app_id = ANY (zoned) THEN far_off ELSE '0' END AS to_at
                  FROM unnest(ids) AS o) AS o
            WHERE (SELECT 1 FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
                   JOIN analytics.session_dates AS c ON c.session_id = p.session_id AND c.app_id = o.app_id AND c.usage_date = o.usage_date
                   WHERE p.custom_participant_id = o.custom_participant_id AND NOT p.is_split AND f.app_id = o.app_id
                     AND p.first_join_at >= o.from_at AND p.first_join_at < o.to_at AND analytics.day_of(p.first_join_at, f.time_zone) = o.usage_date
                   LIMIT 1) IS NULL
              AND (SELECT 1 FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
                   JOIN analytics.session_dates AS c ON c.session_id = p.session_id AND c.app_id = o.app_id AND c.usage_date = o.usage_date
                   WHERE p.custom_ids @> ARRAY[o.custom_participant_id] AND p.custom_ids IS NOT NULL AND NOT p.is_split AND f.app_id = o.app_id
                     AND p.first_join_at >= o.from_at AND p.first_join_at < o.to_at AND analytics.day_of(p.first_join_at, f.time_zone) = o.usage_date
                   LIMIT 1) IS NULL
        ), their_rows AS MATERIALIZED (
            -- First, and then their days.
            SELECT m.app_id, m.usage_date, m.custom_participant_id, q.session_id, q.participant_id, f.time_zone,
                   analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name) AS person_id
            FROM missed AS m
            JOIN realtimekit.participants AS q ON q.custom_participant_id = m.custom_participant_id
            JOIN analytics.session_figures AS f ON f.session_id = q.session_id AND f.app_id = m.app_id
            JOIN analytics.session_dates AS c ON c.session_id = q.session_id AND c.app_id = m.app_id AND c.usage_date = m.usage_date
            LEFT JOIN analytics.settings AS k ON k.app_id = f.app_id AND k.meeting_id = ''
        ), split_rows AS MATERIALIZED (
            SELECT q.app_id, q.usage_date, q.custom_participant_id, q.session_id, q.participant_id, q.time_zone
            FROM their_rows AS q
            CROSS JOIN LATERAL (
                SELECT 1 FROM analytics.session_person_days AS d
                WHERE d.session_id = q.session_id AND d.person_id = q.person_id AND d.usage_date = q.usage_date LIMIT 1) AS d
        ), stays AS MATERIALIZED (
            -- A session's once, and not once per id.
            SELECT i.session_id, i.participant_id, d.usage_date
            FROM (SELECT DISTINCT session_id, usage_date, analytics.day_starts_at(usage_date, time_zone) AS from_at,
                         analytics.day_starts_at(usage_date + 1, time_zone) AS to_at FROM split_rows) AS d
            JOIN analytics.presences AS i ON i.session_id = d.session_id AND i.joined_at < d.to_at AND (i.left_at > d.from_at OR i.joined_at >= d.from_at)
        ), there AS MATERIALIZED (
            SELECT app_id, usage_date, custom_participant_id FROM split_rows
            WHERE ((session_id, participant_id, usage_date) IN (SELECT session_id, participant_id, usage_date FROM stays)) IS TRUE
        )
        SELECT row(app_id, usage_date, custom_participant_id)::analytics.usage_ids FROM missed
        WHERE ((app_id, usage_date, custom_participant_id) IN (SELECT app_id, usage_date, custom_participant_id FROM there)) IS NOT TRUE);
END
$$;
COMMENT ON FUNCTION analytics.ids_of_nobody(analytics.usage_ids[], text[]) IS 'Which of these ids nobody has any more who was in a session of the app on that day. zoned: apps some of whose days are not those of UTC. Called by analytics.count_sessions.';

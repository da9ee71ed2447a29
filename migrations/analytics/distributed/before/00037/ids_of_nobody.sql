-- analytics.ids_of_nobody where Citus has the tables: it cannot look up one id after the
-- other there. So all of them are, in one query for each way to have an id.
CREATE OR REPLACE FUNCTION analytics.ids_of_nobody(ids analytics.usage_ids[], zoned text[]) RETURNS analytics.usage_ids[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    far_off constant interval := CASE WHEN zoned IS NULL THEN '0' ELSE '16 hours' END; -- of any clock from UTC
    names      text[] := ARRAY (SELECT DISTINCT custom_participant_id FROM unnest(ids));
    first_date date := (SELECT min(usage_date) FROM unnest(ids));
    last_date  date := (SELECT max(usage_date) FROM unnest(ids));
    from_at timestamptz := first_date::timestamptz - far_off;
    to_at   timestamptz := last_date::timestamptz + interval '24 hours' + far_off;
BEGIN
    IF cardinality(names) = 0 THEN
        RETURN NULL;
    END IF;
    RETURN (
        WITH named AS MATERIALIZED (
            SELECT unnest(names) AS id
        ), by_one AS MATERIALIZED (
            SELECT p.session_id, f.app_id, analytics.day_of(p.first_join_at, f.time_zone) AS usage_date, p.custom_participant_id AS id
            FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
            WHERE p.custom_participant_id = ANY (ARRAY (SELECT id FROM named)) AND NOT p.is_split AND p.first_join_at >= from_at AND p.first_join_at < to_at
        ), by_several AS MATERIALIZED (
            SELECT p.session_id, f.app_id, analytics.day_of(p.first_join_at, f.time_zone) AS usage_date, p.custom_ids AS ids
            FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
            WHERE p.custom_ids && ARRAY (SELECT id FROM named) AND p.custom_ids IS NOT NULL AND NOT p.is_split AND p.first_join_at >= from_at AND p.first_join_at < to_at
        ), split_rows AS MATERIALIZED (
            SELECT f.app_id, f.time_zone, d.session_id, d.usage_date, d.person_id, q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name
            FROM analytics.session_person_days AS d
            JOIN analytics.session_figures AS f ON f.session_id = d.session_id
            JOIN realtimekit.participants AS q ON q.session_id = d.session_id
            WHERE q.custom_participant_id = ANY (ARRAY (SELECT id FROM named)) AND d.usage_date BETWEEN first_date AND last_date
        ), stays AS MATERIALIZED (
            -- A session's once, and not once per id.
            SELECT session_id, participant_id, joined_at, left_at FROM analytics.presences WHERE session_id = ANY (ARRAY (SELECT session_id FROM split_rows))
        ), still_there AS (
            SELECT session_id, app_id, usage_date, id FROM by_one
            UNION ALL
            SELECT p.session_id, p.app_id, p.usage_date, c.id FROM by_several AS p CROSS JOIN LATERAL unnest(p.ids) AS c (id)
            UNION ALL
            SELECT q.session_id, q.app_id, q.usage_date, q.custom_participant_id
            FROM split_rows AS q
            JOIN stays AS i ON i.session_id = q.session_id AND i.participant_id = q.participant_id
                AND i.joined_at < analytics.day_starts_at(q.usage_date + 1, q.time_zone)
                AND (i.left_at > analytics.day_starts_at(q.usage_date, q.time_zone) OR i.joined_at >= analytics.day_starts_at(q.usage_date, q.time_zone))
            LEFT JOIN analytics.settings AS k ON k.app_id = q.app_id AND k.meeting_id = ''
            WHERE analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name) = q.person_id
        ), counted AS MATERIALIZED (
            -- Others that are stored already come when they are counted.
            SELECT session_id, app_id, usage_date FROM analytics.session_dates WHERE usage_date BETWEEN first_date AND last_date
        )
        SELECT array_agg(row(app_id, usage_date, id)::analytics.usage_ids)
        FROM (SELECT app_id, usage_date, custom_participant_id AS id FROM unnest(ids) EXCEPT SELECT t.app_id, t.usage_date, t.id FROM still_there AS t JOIN counted AS c USING (session_id, app_id, usage_date)) AS m);
END
$$;

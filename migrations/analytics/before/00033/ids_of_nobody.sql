-- Each id is looked for once, by an index: a join may compare each with all.
CREATE OR REPLACE FUNCTION analytics.ids_of_nobody(ids analytics.usage_ids[], zoned text[]) RETURNS analytics.usage_ids[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
AS $$
DECLARE
    far_off constant interval := '16 hours'; -- of any clock from UTC
BEGIN
    RETURN ARRAY (
        SELECT row(m.app_id, m.usage_date, m.custom_participant_id)::analytics.usage_ids
        FROM (SELECT o.*, o.usage_date::timestamptz - CASE WHEN o.app_id = ANY (zoned) THEN far_off ELSE '0' END AS from_at,
                     o.usage_date::timestamptz + interval '24 hours' + CASE WHEN o.app_id = ANY (zoned) THEN far_off ELSE '0' END AS to_at
              FROM unnest(ids) AS o) AS m
        WHERE (SELECT 1 FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
               WHERE p.custom_participant_id = m.custom_participant_id AND NOT p.is_split AND f.app_id = m.app_id
                 AND p.first_join_at >= m.from_at AND p.first_join_at < m.to_at AND analytics.day_of(p.first_join_at, f.time_zone) = m.usage_date
               LIMIT 1) IS NULL
          AND (SELECT 1 FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
               WHERE p.custom_ids @> ARRAY[m.custom_participant_id] AND p.custom_ids IS NOT NULL AND NOT p.is_split AND f.app_id = m.app_id
                 AND p.first_join_at >= m.from_at AND p.first_join_at < m.to_at AND analytics.day_of(p.first_join_at, f.time_zone) = m.usage_date
               LIMIT 1) IS NULL
          AND (SELECT 1
               FROM (SELECT q.session_id, q.participant_id, f.time_zone,
                            analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name) AS person_id
                     FROM realtimekit.participants AS q
                     JOIN analytics.session_figures AS f ON f.session_id = q.session_id
                     LEFT JOIN analytics.settings AS k ON k.app_id = f.app_id AND k.meeting_id = ''
                     WHERE q.custom_participant_id = m.custom_participant_id AND f.app_id = m.app_id OFFSET 0) AS q -- theirs first, then their days
               JOIN analytics.session_person_days AS d ON d.session_id = q.session_id AND d.person_id = q.person_id AND d.usage_date = m.usage_date
               JOIN analytics.presences AS i ON i.session_id = q.session_id AND i.participant_id = q.participant_id
                   AND i.joined_at < analytics.day_starts_at(m.usage_date + 1, q.time_zone)
                   AND (i.left_at > analytics.day_starts_at(m.usage_date, q.time_zone) OR i.joined_at >= analytics.day_starts_at(m.usage_date, q.time_zone))
               LIMIT 1) IS NULL);
END
$$;
COMMENT ON FUNCTION analytics.ids_of_nobody(analytics.usage_ids[], text[]) IS 'Which of these ids nobody has any more who was in a session of the app on that day. zoned: apps some of whose days are not those of UTC. Called by analytics.count_sessions.';

-- analytics.register where Citus has the tables: the same rows, put together as
-- analytics.no_shows is there. It reads all lessons, whichever are asked for.
CREATE OR REPLACE VIEW analytics.register AS
WITH lessons AS MATERIALIZED (
    SELECT *, row_number() OVER () AS lesson_no FROM analytics.occurrences -- a session may begin several
), parts AS MATERIALIZED (
    SELECT o.lesson_no, o.app_id, o.starts_at, o.ends_at, s.session_id FROM lessons AS o CROSS JOIN LATERAL unnest(o.session_ids) AS s (session_id)
), people AS MATERIALIZED (
    SELECT session_id, person_id, custom_participant_id, display_name, preset_name, first_join_at, last_leave_at, is_inside, presence FROM analytics.session_people
), devices AS MATERIALIZED (
    SELECT DISTINCT session_id, participant_id, custom_participant_id, user_id, preset_name, display_name FROM realtimekit.participants
), came AS MATERIALIZED (
    -- Of a session that lasts over several lessons, only the stays that reach into this one.
    SELECT o.lesson_no, p.person_id, (array_agg(p.custom_participant_id ORDER BY p.first_join_at, p.session_id) FILTER (WHERE p.custom_participant_id IS NOT NULL))[1] AS custom_participant_id,
           (array_agg(p.display_name ORDER BY p.first_join_at, p.session_id) FILTER (WHERE p.display_name IS NOT NULL))[1] AS display_name,
           (array_agg(p.preset_name ORDER BY p.first_join_at, p.session_id) FILTER (WHERE p.preset_name IS NOT NULL))[1] AS preset_name,
           min(s.first_join_at) AS first_join_at, max(s.last_leave_at) AS last_leave_at, range_agg(s.presence) AS presence, bool_or(p.is_inside) AS is_inside
    FROM parts AS o
    JOIN people AS p ON p.session_id = o.session_id
    CROSS JOIN LATERAL (
        SELECT min(lower(v)) AS first_join_at, max(upper(v)) AS last_leave_at, range_agg(v) AS presence
        FROM unnest(p.presence) AS v WHERE v && tstzrange(o.starts_at, o.ends_at)
        HAVING count(*) > 0
        UNION ALL
        SELECT p.first_join_at, p.last_leave_at, p.presence
        WHERE isempty(p.presence) AND p.first_join_at >= o.starts_at AND p.first_join_at < o.ends_at
    ) AS s
    GROUP BY 1, 2
), everybody AS MATERIALIZED (
    SELECT m.*,
           analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names,
               m.custom_participant_id, m.meeting_participant_id, NULL, m.preset_name, m.display_name) AS person_id
    FROM realtimekit.meeting_participants AS m
    LEFT JOIN analytics.settings AS k ON k.app_id = m.app_id AND k.meeting_id = ''
), members AS MATERIALIZED (
    SELECT o.lesson_no, m.person_id, m.custom_participant_id, m.display_name, m.preset_name, m.meeting_participant_id,
           CASE WHEN m.person_id = m.custom_participant_id THEN m.custom_participant_id END AS own_id
    FROM lessons AS o
    JOIN everybody AS m ON m.app_id = o.app_id AND m.meeting_id = o.meeting_id AND m.person_id IS NOT NULL
        AND (m.created_at IS NULL OR m.created_at < o.ends_at) AND (m.removed_at IS NULL OR m.last_listed_at >= o.starts_at)
), rules AS MATERIALIZED (
    SELECT app_id, person_by, nobody_ids, machine_presets, machine_names FROM analytics.settings WHERE meeting_id = ''
), ids AS MATERIALIZED (
    SELECT DISTINCT o.lesson_no, w.person_id, q.user_id, q.custom_participant_id
    FROM parts AS o
    JOIN devices AS q ON q.session_id = o.session_id
    LEFT JOIN rules AS k ON k.app_id = o.app_id
    CROSS JOIN LATERAL (SELECT analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names,
        q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name) AS person_id) AS w
), matches AS MATERIALIZED (
    SELECT m.lesson_no, m.person_id, a.person_id AS came_as FROM members AS m JOIN came AS a ON a.lesson_no = m.lesson_no AND a.person_id = m.person_id
    UNION
    SELECT m.lesson_no, m.person_id, a.person_id FROM members AS m
    JOIN ids AS i ON i.lesson_no = m.lesson_no AND i.user_id = m.meeting_participant_id
    JOIN came AS a ON a.lesson_no = m.lesson_no AND a.person_id = i.person_id
    UNION
    SELECT m.lesson_no, m.person_id, a.person_id FROM members AS m
    JOIN ids AS i ON i.lesson_no = m.lesson_no AND i.custom_participant_id = m.own_id
    JOIN came AS a ON a.lesson_no = m.lesson_no AND a.person_id = i.person_id
), enrolled AS MATERIALIZED (
    -- Enrolled twice, and here as one.
    SELECT m.*, coalesce(x.came_as, m.person_id) AS present_as
    FROM members AS m
    LEFT JOIN (SELECT lesson_no, person_id, coalesce(min(came_as) FILTER (WHERE came_as = person_id), min(came_as)) AS came_as FROM matches GROUP BY 1, 2) AS x ON x.lesson_no = m.lesson_no AND x.person_id = m.person_id
), present AS MATERIALIZED (
    -- Who came without the own id under which they are enrolled has it all the same.
    SELECT e.lesson_no, CASE WHEN bool_or(e.person_id = e.present_as) THEN e.present_as ELSE coalesce(min(e.own_id), e.present_as) END AS person_id,
           coalesce(min(a.custom_participant_id), max(e.custom_participant_id)) AS custom_participant_id,
           coalesce(max(e.display_name), min(a.display_name)) AS display_name, coalesce(max(e.preset_name), min(a.preset_name)) AS preset_name, true AS is_enrolled,
           min(a.first_join_at) AS first_join_at, max(a.last_leave_at) AS last_leave_at, range_agg(a.presence) AS presence, bool_or(a.is_inside) AS is_inside
    FROM enrolled AS e
    LEFT JOIN matches AS x ON x.lesson_no = e.lesson_no AND x.person_id = e.person_id
    LEFT JOIN came AS a ON a.lesson_no = x.lesson_no AND a.person_id = x.came_as
    GROUP BY e.lesson_no, e.present_as
    UNION ALL
    SELECT a.lesson_no, a.person_id, a.custom_participant_id, a.display_name, a.preset_name, false, a.first_join_at, a.last_leave_at, a.presence, a.is_inside
    FROM came AS a LEFT JOIN (SELECT DISTINCT lesson_no, came_as FROM matches) AS x ON x.lesson_no = a.lesson_no AND x.came_as = a.person_id
    WHERE x.came_as IS NULL
), excuses AS MATERIALIZED (
    SELECT app_id, person_id, meeting_id, starts_at, ends_at, reason FROM analytics.excuses
), excused AS MATERIALIZED (
    SELECT r.lesson_no, r.person_id, coalesce(min(x.reason), '') AS reason
    FROM present AS r
    JOIN lessons AS o ON o.lesson_no = r.lesson_no
    JOIN excuses AS x ON x.app_id = o.app_id AND x.person_id = r.person_id AND x.meeting_id IN (o.meeting_id, '') AND x.starts_at < o.ends_at AND x.ends_at > o.starts_at
    GROUP BY 1, 2
)
SELECT o.occurrence_id, o.app_id, o.meeting_id, o.meeting_title, o.session_type, o.starts_at, o.ends_at,
       r.person_id, r.custom_participant_id, r.display_name, r.preset_name, r.is_enrolled,
       CASE WHEN r.first_join_at IS NULL THEN CASE WHEN x.reason IS NULL THEN 'absent' ELSE 'excused' END
            WHEN c.late_seconds > o.grace_seconds THEN 'late'
            WHEN NOT r.is_inside AND c.left_early_seconds > o.grace_seconds THEN 'left_early'
            ELSE 'present' END AS status,
       r.first_join_at IS NOT NULL AS is_present, coalesce(c.late_seconds > o.grace_seconds, false) AS is_late,
       coalesce(NOT r.is_inside AND c.left_early_seconds > o.grace_seconds, false) AS has_left_early, x.reason IS NOT NULL AS is_excused, x.reason AS excuse,
       c.present_seconds, c.late_seconds, c.left_early_seconds,
       round((c.present_seconds / nullif(o.lesson_seconds, 0))::numeric, 4)::double precision AS share,
       r.first_join_at, r.last_leave_at, o.is_final, o.session_ids, o.time_zone
FROM lessons AS o
JOIN present AS r ON r.lesson_no = o.lesson_no
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT sum(extract(epoch FROM least(upper(v), o.ends_at) - greatest(lower(v), o.starts_at))) FROM unnest(r.presence) AS v
                     WHERE lower(v) < o.ends_at AND upper(v) > o.starts_at), 0)::double precision AS present_seconds,
           CASE WHEN r.first_join_at IS NOT NULL THEN extract(epoch FROM greatest(r.first_join_at, o.starts_at) - o.starts_at)::double precision END AS late_seconds,
           CASE WHEN r.first_join_at IS NOT NULL THEN extract(epoch FROM o.ends_at - least(r.last_leave_at, o.ends_at))::double precision END AS left_early_seconds
) AS c
LEFT JOIN excused AS x ON x.lesson_no = r.lesson_no AND x.person_id = r.person_id;

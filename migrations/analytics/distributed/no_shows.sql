-- analytics.no_shows where Citus has the tables: the same rows. What lies on the workers is
-- read once, in a query each, and put together on the coordinator; a lesson cannot be looked
-- up on them one by one. So it reads all lessons, whichever are asked for.
CREATE OR REPLACE VIEW analytics.no_shows AS
WITH lessons AS MATERIALIZED (
    SELECT *, row_number() OVER () AS lesson_no FROM analytics.occurrences -- a session may begin several
), parts AS MATERIALIZED (
    SELECT o.lesson_no, o.timetable_id, o.starts_at, o.ends_at, s.session_id, s.position = cardinality(o.session_ids) AS is_last
    FROM lessons AS o CROSS JOIN LATERAL unnest(o.session_ids) WITH ORDINALITY AS s (session_id, position)
), ends AS MATERIALIZED (
    SELECT f.session_id, f.status FROM analytics.session_figures AS f JOIN (SELECT DISTINCT session_id FROM parts WHERE is_last) AS p ON p.session_id = f.session_id
), entered AS MATERIALIZED (
    SELECT q.session_id, q.participant_id, q.user_id, q.custom_participant_id, bool_or(q.joined_at IS NOT NULL OR v.participant_id IS NOT NULL) AS was_inside
    FROM realtimekit.participants AS q
    LEFT JOIN (SELECT DISTINCT session_id, participant_id FROM realtimekit.peer_events WHERE event_name IN ('PEER_JOINING', 'PEER_LEAVING')) AS v
        ON v.session_id = q.session_id AND v.participant_id = q.participant_id
    GROUP BY 1, 2, 3, 4
), stays AS MATERIALIZED (
    SELECT session_id, participant_id, joined_at, left_at FROM analytics.presences
    WHERE session_id = ANY (ARRAY (SELECT session_id FROM parts WHERE timetable_id IS NOT NULL))
), inside AS MATERIALIZED (
    -- Of a session that lasts over several lessons, only the stays that reach into this one.
    SELECT DISTINCT p.lesson_no, s.session_id, s.participant_id
    FROM parts AS p
    JOIN stays AS s ON s.session_id = p.session_id AND s.joined_at < p.ends_at
        AND (s.left_at > p.starts_at AND s.left_at > s.joined_at OR s.left_at = s.joined_at AND s.joined_at >= p.starts_at)
    WHERE p.timetable_id IS NOT NULL
), came AS MATERIALIZED (
    SELECT p.lesson_no, e.user_id, e.custom_participant_id, NOT e.was_inside AS has_waited,
           e.was_inside AND (p.timetable_id IS NULL OR i.lesson_no IS NOT NULL) AS has_entered
    FROM parts AS p
    JOIN entered AS e ON e.session_id = p.session_id
    LEFT JOIN inside AS i ON i.lesson_no = p.lesson_no AND i.session_id = e.session_id AND i.participant_id = e.participant_id
), by_user AS MATERIALIZED (
    SELECT lesson_no, user_id, bool_or(has_entered) AS has_entered, bool_or(has_waited) AS has_waited FROM came GROUP BY 1, 2
), by_own_id AS MATERIALIZED (
    SELECT lesson_no, custom_participant_id, bool_or(has_entered) AS has_entered, bool_or(has_waited) AS has_waited FROM came GROUP BY 1, 2
), members AS MATERIALIZED (
    SELECT m.*,
           analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names,
               m.custom_participant_id, m.meeting_participant_id, NULL, m.preset_name, m.display_name) AS person_id
    FROM realtimekit.meeting_participants AS m
    LEFT JOIN analytics.settings AS k ON k.app_id = m.app_id AND k.meeting_id = ''
), attended AS MATERIALIZED (
    SELECT f.app_id, f.meeting_id, p.person_id, count(*) AS sessions
    FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
    GROUP BY 1, 2, 3
), missing AS MATERIALIZED (
    SELECT o.lesson_no, m.person_id,
           (array_agg(m.custom_participant_id ORDER BY m.created_at DESC NULLS LAST, m.meeting_participant_id) FILTER (WHERE m.custom_participant_id IS NOT NULL))[1] AS custom_participant_id,
           (array_agg(m.display_name ORDER BY m.created_at DESC NULLS LAST, m.meeting_participant_id) FILTER (WHERE m.display_name IS NOT NULL))[1] AS display_name,
           (array_agg(m.preset_name ORDER BY m.created_at DESC NULLS LAST, m.meeting_participant_id) FILTER (WHERE m.preset_name IS NOT NULL))[1] AS preset_name,
           min(m.created_at) AS enrolled_at, bool_or(coalesce(u.has_waited, false) OR coalesce(c.has_waited, false)) AS was_seen
    FROM lessons AS o
    JOIN members AS m ON m.app_id = o.app_id AND m.meeting_id = o.meeting_id AND m.person_id IS NOT NULL
    LEFT JOIN by_user AS u ON u.lesson_no = o.lesson_no AND u.user_id = m.meeting_participant_id
    LEFT JOIN by_own_id AS c ON c.lesson_no = o.lesson_no AND c.custom_participant_id = m.custom_participant_id
        AND m.person_id = m.custom_participant_id -- an own id that says who they are
    GROUP BY 1, 2
    HAVING NOT bool_or(coalesce(u.has_entered, false) OR coalesce(c.has_entered, false))
       AND bool_or((m.created_at IS NULL OR m.created_at < o.ends_at) AND (m.removed_at IS NULL OR m.last_listed_at >= o.starts_at))
)
SELECT o.occurrence_id AS session_id, e.person_id, e.custom_participant_id, e.display_name, e.preset_name,
       o.app_id, o.meeting_id, o.meeting_title, o.session_type, o.starts_at AS session_started_at,
       CASE WHEN l.status = 'ENDED' OR o.timetable_id IS NOT NULL THEN o.ends_at END AS session_ended_at,
       e.enrolled_at, o.is_final, e.was_seen AS was_in_waiting_room, o.most_people = 0 AS nobody_came,
       coalesce(n.sessions, 0) AS meeting_sessions_attended, o.session_ids
FROM lessons AS o
JOIN missing AS e ON e.lesson_no = o.lesson_no
JOIN ends AS l ON l.session_id = o.session_ids[cardinality(o.session_ids)]
LEFT JOIN attended AS n ON n.app_id = o.app_id AND n.meeting_id = o.meeting_id AND n.person_id = e.person_id;

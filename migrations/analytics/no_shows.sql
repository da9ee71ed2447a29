-- Those enrolled are looked up among the people of the lesson, and how often each came
-- is counted once per person and meeting, whichever lessons are asked for.
CREATE OR REPLACE VIEW analytics.no_shows AS
SELECT o.occurrence_id AS session_id, e.person_id, e.custom_participant_id, e.display_name, e.preset_name,
       o.app_id, o.meeting_id, o.meeting_title, o.session_type, o.starts_at AS session_started_at,
       CASE WHEN l.status = 'ENDED' OR o.timetable_id IS NOT NULL THEN o.ends_at END AS session_ended_at,
       e.enrolled_at, o.is_final, e.was_seen AS was_in_waiting_room, o.most_people = 0 AS nobody_came,
       coalesce(n.sessions, 0) AS meeting_sessions_attended, o.session_ids
FROM analytics.occurrences AS o
JOIN analytics.session_figures AS l ON l.session_id = o.session_ids[cardinality(o.session_ids)]
CROSS JOIN LATERAL (
    WITH came AS MATERIALIZED (
        -- Of a session that lasts over several lessons, only the stays that reach into this one.
        SELECT q.user_id, q.custom_participant_id, NOT i.was_inside AS has_waited,
               -- Looked up in a table of hashes that is made once per lesson, and only of those in a timetable.
               i.was_inside AND (o.timetable_id IS NULL OR (q.session_id, q.participant_id) IN (
                   SELECT s.session_id, s.participant_id FROM analytics.presences AS s
                   WHERE s.session_id = ANY (o.session_ids) AND s.joined_at < o.ends_at
                     AND (s.left_at > o.starts_at AND s.left_at > s.joined_at OR s.left_at = s.joined_at AND s.joined_at >= o.starts_at))) AS has_entered
        FROM realtimekit.participants AS q
        CROSS JOIN LATERAL (
            SELECT q.joined_at IS NOT NULL
                   OR EXISTS (SELECT 1 FROM realtimekit.peer_events AS v
                              WHERE v.session_id = q.session_id AND v.participant_id = q.participant_id
                                AND v.event_name IN ('PEER_JOINING', 'PEER_LEAVING')) AS was_inside OFFSET 0
        ) AS i
        WHERE q.session_id = ANY (o.session_ids)
    )
    SELECT w.person_id,
           (array_agg(m.custom_participant_id ORDER BY m.created_at DESC NULLS LAST, m.meeting_participant_id) FILTER (WHERE m.custom_participant_id IS NOT NULL))[1] AS custom_participant_id,
           (array_agg(m.display_name ORDER BY m.created_at DESC NULLS LAST, m.meeting_participant_id) FILTER (WHERE m.display_name IS NOT NULL))[1] AS display_name,
           (array_agg(m.preset_name ORDER BY m.created_at DESC NULLS LAST, m.meeting_participant_id) FILTER (WHERE m.preset_name IS NOT NULL))[1] AS preset_name,
           min(m.created_at) AS enrolled_at, bool_or(coalesce(u.has_waited, false) OR coalesce(c.has_waited, false)) AS was_seen
    FROM realtimekit.meeting_participants AS m
    LEFT JOIN analytics.settings AS k ON k.app_id = m.app_id AND k.meeting_id = ''
    CROSS JOIN LATERAL (SELECT analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names,
        m.custom_participant_id, m.meeting_participant_id, NULL, m.preset_name, m.display_name) AS person_id) AS w
    LEFT JOIN (SELECT user_id, bool_or(has_entered) AS has_entered, bool_or(has_waited) AS has_waited FROM came GROUP BY 1) AS u ON u.user_id = m.meeting_participant_id
    LEFT JOIN (SELECT custom_participant_id, bool_or(has_entered) AS has_entered, bool_or(has_waited) AS has_waited FROM came GROUP BY 1) AS c
        ON c.custom_participant_id = m.custom_participant_id AND w.person_id = m.custom_participant_id -- an own id that says who they are
    WHERE m.app_id = o.app_id AND m.meeting_id = o.meeting_id AND w.person_id IS NOT NULL
    GROUP BY 1
    HAVING NOT bool_or(coalesce(u.has_entered, false) OR coalesce(c.has_entered, false))
       AND bool_or((m.created_at IS NULL OR m.created_at < o.ends_at) AND (m.removed_at IS NULL OR m.last_listed_at >= o.starts_at))
) AS e
LEFT JOIN (
    SELECT f.app_id, f.meeting_id, p.person_id, count(*) AS sessions
    FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
    GROUP BY 1, 2, 3
) AS n ON n.app_id = o.app_id AND n.meeting_id = o.meeting_id AND n.person_id = e.person_id;

COMMENT ON VIEW  analytics.no_shows IS 'Who missed a lesson (a row of analytics.occurrences): one row per lesson and person (one row however often enrolled) who was enrolled in its meeting before it ended but was not inside during it. A person who came under either id (user_id, or custom_participant_id where it says who they are), on any device, is not in it; somebody who only waited in the lobby is. Only meetings whose enrolment was read. People who are enrolled on arrival are never no-shows.';
COMMENT ON COLUMN analytics.no_shows.session_id IS 'Lesson that the person missed: its first session. Several are in session_ids.';
COMMENT ON COLUMN analytics.no_shows.person_id IS 'Person within the app, as in the other views; see analytics.person_of.';
COMMENT ON COLUMN analytics.no_shows.custom_participant_id IS 'The customer''s own id of the person.';
COMMENT ON COLUMN analytics.no_shows.display_name IS 'Name of the person, as enrolled.';
COMMENT ON COLUMN analytics.no_shows.preset_name IS 'Preset (role) of the person, as enrolled: tells students from teachers.';
COMMENT ON COLUMN analytics.no_shows.app_id IS 'App of the lesson.';
COMMENT ON COLUMN analytics.no_shows.meeting_id IS 'Meeting (room, course) of the lesson.';
COMMENT ON COLUMN analytics.no_shows.meeting_title IS 'Title in the timetable, else of the meeting at the time.';
COMMENT ON COLUMN analytics.no_shows.session_type IS 'meeting, livestream or participant (seen with breakout rooms): leave the last out to ask about lessons only.';
COMMENT ON COLUMN analytics.no_shows.session_started_at IS 'When the lesson began, UTC.';
COMMENT ON COLUMN analytics.no_shows.session_ended_at IS 'When the lesson ended, UTC; null while it is live.';
COMMENT ON COLUMN analytics.no_shows.enrolled_at IS 'When the person was first enrolled, UTC. Somebody enrolled after the end is no no-show of that lesson.';
COMMENT ON COLUMN analytics.no_shows.is_final IS 'False while a session of it is live or was not read completely: the person may still turn up.';
COMMENT ON COLUMN analytics.no_shows.was_in_waiting_room IS 'True where the person connected, under either id, but was never let in.';
COMMENT ON COLUMN analytics.no_shows.nobody_came IS 'True where nobody entered the lesson at all: only where analytics.timetable or analytics.settings (least_lesson_people 0) make one of it.';
COMMENT ON COLUMN analytics.no_shows.meeting_sessions_attended IS 'How many sessions of this meeting the person did enter; 0 for somebody who never came at all.';
COMMENT ON COLUMN analytics.no_shows.session_ids IS 'Sessions of the lesson, in order.';

-- Enrolled and present people are put together by the user_id, or by an own id where it
-- says who they are.
CREATE OR REPLACE VIEW analytics.register AS
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
FROM analytics.occurrences AS o
LEFT JOIN analytics.settings AS k ON k.app_id = o.app_id AND k.meeting_id = ''
CROSS JOIN LATERAL (
    WITH came AS MATERIALIZED (
        -- In order, so that the first of each is the first in time.
        SELECT p.person_id, (array_agg(p.custom_participant_id) FILTER (WHERE p.custom_participant_id IS NOT NULL))[1] AS custom_participant_id,
               (array_agg(p.display_name) FILTER (WHERE p.display_name IS NOT NULL))[1] AS display_name,
               (array_agg(p.preset_name) FILTER (WHERE p.preset_name IS NOT NULL))[1] AS preset_name,
               min(coalesce(lower(p.stays), p.first_join_at)) AS first_join_at, max(coalesce(upper(p.stays), p.last_leave_at)) AS last_leave_at,
               range_agg(p.stays) AS presence, bool_or(p.is_inside) AS is_inside
        FROM (SELECT p.person_id, p.custom_participant_id, p.display_name, p.preset_name, p.first_join_at, p.last_leave_at, p.is_inside, s.stays
              FROM analytics.session_people AS p
              -- Of a session that lasts over several lessons, only the stays that reach into this one.
              CROSS JOIN LATERAL (
                  SELECT CASE WHEN isempty(p.presence) THEN CASE WHEN p.first_join_at >= o.starts_at AND p.first_join_at < o.ends_at THEN p.presence END
                              WHEN p.presence <@ tstzrange(o.starts_at, o.ends_at) THEN p.presence
                              ELSE (SELECT range_agg(v) FROM unnest(p.presence) AS v WHERE v && tstzrange(o.starts_at, o.ends_at)) END AS stays
              ) AS s
              WHERE p.session_id = ANY (o.session_ids) AND s.stays IS NOT NULL
              ORDER BY p.person_id, p.first_join_at, p.session_id) AS p
        GROUP BY 1
    ), members AS MATERIALIZED (
        SELECT w.person_id, m.custom_participant_id, m.display_name, m.preset_name, m.meeting_participant_id,
               CASE WHEN w.person_id = m.custom_participant_id THEN m.custom_participant_id END AS own_id
        FROM realtimekit.meeting_participants AS m
        CROSS JOIN LATERAL (SELECT analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names,
            m.custom_participant_id, m.meeting_participant_id, NULL, m.preset_name, m.display_name) AS person_id) AS w
        WHERE m.app_id = o.app_id AND m.meeting_id = o.meeting_id AND w.person_id IS NOT NULL
          AND (m.created_at IS NULL OR m.created_at < o.ends_at) AND (m.removed_at IS NULL OR m.last_listed_at >= o.starts_at)
    ), ids AS MATERIALIZED (
        SELECT w.person_id, q.user_id, q.custom_participant_id
        FROM realtimekit.participants AS q
        CROSS JOIN LATERAL (SELECT analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names,
            q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name) AS person_id) AS w
        JOIN came AS a ON a.person_id = w.person_id
        WHERE q.session_id = ANY (o.session_ids)
    ), matches AS (
        SELECT m.*, a.person_id AS came_as FROM members AS m LEFT JOIN came AS a ON a.person_id = m.person_id
        UNION ALL
        SELECT m.*, i.person_id FROM members AS m JOIN ids AS i ON i.user_id = m.meeting_participant_id AND i.person_id <> m.person_id
        UNION ALL
        SELECT m.*, i.person_id FROM members AS m JOIN ids AS i ON i.custom_participant_id = m.own_id AND i.person_id <> m.person_id
    )
    -- Enrolled twice, and here as one. Who came without the own id under which they are
    -- enrolled has it all the same, as in the lessons that they missed.
    SELECT coalesce(CASE WHEN NOT bool_or(e.person_id = e.present_as) THEN min(e.own_id) END, coalesce(e.present_as, a.person_id)) AS person_id,
           coalesce(min(a.custom_participant_id), max(e.custom_participant_id)) AS custom_participant_id,
           coalesce(max(e.display_name), min(a.display_name)) AS display_name, coalesce(max(e.preset_name), min(a.preset_name)) AS preset_name,
           count(e.present_as) > 0 AS is_enrolled, min(a.first_join_at) AS first_join_at, max(a.last_leave_at) AS last_leave_at, range_agg(a.presence) AS presence, bool_or(a.is_inside) AS is_inside
    FROM (SELECT *, coalesce(min(came_as) FILTER (WHERE came_as = person_id) OVER own, min(came_as) OVER own, person_id) AS present_as
          FROM matches WINDOW own AS (PARTITION BY person_id)) AS e
    FULL JOIN came AS a ON a.person_id = e.came_as
    GROUP BY coalesce(e.present_as, a.person_id)
) AS r
CROSS JOIN LATERAL (
    SELECT coalesce(extract(epoch FROM (SELECT sum(least(upper(v), o.ends_at) - greatest(lower(v), o.starts_at)) FROM unnest(r.presence) AS v
                                        WHERE lower(v) < o.ends_at AND upper(v) > o.starts_at)), 0)::double precision AS present_seconds,
           CASE WHEN r.first_join_at IS NOT NULL THEN extract(epoch FROM greatest(r.first_join_at, o.starts_at) - o.starts_at)::double precision END AS late_seconds,
           CASE WHEN r.first_join_at IS NOT NULL THEN extract(epoch FROM o.ends_at - least(r.last_leave_at, o.ends_at))::double precision END AS left_early_seconds
    OFFSET 0 -- computed once, though several columns say it
) AS c
LEFT JOIN LATERAL (
    SELECT coalesce(min(x.reason), '') AS reason FROM analytics.excuses AS x
    WHERE x.app_id = o.app_id AND x.person_id = r.person_id AND x.meeting_id IN (o.meeting_id, '') AND x.starts_at < o.ends_at AND x.ends_at > o.starts_at
    HAVING count(*) > 0) AS x ON true;

COMMENT ON VIEW  analytics.register IS 'The register: one row per lesson (a row of analytics.occurrences) and person who was enrolled in its meeting or was there. Ask for a meeting, by app_id and meeting_id.';
COMMENT ON COLUMN analytics.register.occurrence_id IS 'The lesson: its first session.';
COMMENT ON COLUMN analytics.register.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.register.meeting_id IS 'Meeting (room, course) that the lesson is one of.';
COMMENT ON COLUMN analytics.register.meeting_title IS 'Title in the timetable, else of the meeting at the time.';
COMMENT ON COLUMN analytics.register.session_type IS 'meeting, livestream or participant (seen with breakout rooms), as the vendor says.';
COMMENT ON COLUMN analytics.register.starts_at IS 'Start of the lesson, UTC: that of the timetable, else of its first session.';
COMMENT ON COLUMN analytics.register.ends_at IS 'End of the lesson, UTC: that of the timetable, else of its last session.';
COMMENT ON COLUMN analytics.register.person_id IS 'Person within the app; see analytics.person_of. Of who is enrolled under an id of your own that id, also where they came without it.';
COMMENT ON COLUMN analytics.register.custom_participant_id IS 'The id that your own system gave the person; may be personal data.';
COMMENT ON COLUMN analytics.register.display_name IS 'Name as enrolled, else as shown in the session; personal data.';
COMMENT ON COLUMN analytics.register.preset_name IS 'Preset (role) as enrolled, else as in the session: tells students from teachers.';
COMMENT ON COLUMN analytics.register.is_enrolled IS 'Whether the person was enrolled in the meeting at the time.';
COMMENT ON COLUMN analytics.register.status IS 'present, late (also where the person left early as well), left_early, absent, or excused: absent with an excuse. While is_final is false, what it was when the sessions were last read.';
COMMENT ON COLUMN analytics.register.is_present IS 'Whether the person was inside at all.';
COMMENT ON COLUMN analytics.register.is_late IS 'Whether the person came later than the grace allows; see occurrences.grace_seconds.';
COMMENT ON COLUMN analytics.register.has_left_early IS 'Whether the person left earlier than the grace allows; false of who was still inside when the live session was last read.';
COMMENT ON COLUMN analytics.register.is_excused IS 'Whether analytics.excuses has an excuse, came the person or not.';
COMMENT ON COLUMN analytics.register.excuse IS 'Reason of the excuse; an empty text where it gives none, null where there is no excuse.';
COMMENT ON COLUMN analytics.register.present_seconds IS 'Seconds inside during the lesson, each counted once; 0 where absent.';
COMMENT ON COLUMN analytics.register.late_seconds IS 'Seconds from the start of the lesson to the first joining; 0 where it was before, null where absent.';
COMMENT ON COLUMN analytics.register.left_early_seconds IS 'Seconds from the last leaving to the end of the lesson; 0 where it was after it, null where absent.';
COMMENT ON COLUMN analytics.register.share IS 'Share of the lesson that the person was inside, 0 to 1; null where it has no length.';
COMMENT ON COLUMN analytics.register.first_join_at IS 'First joining of the stays that reach into the lesson, UTC; null where absent.';
COMMENT ON COLUMN analytics.register.last_leave_at IS 'Last leaving of these stays, UTC; null where absent.';
COMMENT ON COLUMN analytics.register.is_final IS 'False while a session of the lesson is live or was not read completely.';
COMMENT ON COLUMN analytics.register.session_ids IS 'Sessions of the lesson, in order.';
COMMENT ON COLUMN analytics.register.time_zone IS 'Time zone of the app, by which its days are cut: of analytics.settings, UTC unless set.';

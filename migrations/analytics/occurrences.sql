-- Sessions of a meeting become lessons. Those of a time in the timetable are one lesson,
-- whoever came; the others are where enough people were inside for long enough, and two
-- with a short gap between are one.
CREATE OR REPLACE VIEW analytics.occurrences AS
SELECT (array_agg(g.session_id ORDER BY g.starts_at, g.session_id))[1] AS occurrence_id, g.app_id, g.meeting_id,
       coalesce(max(g.title), (array_agg(g.meeting_title ORDER BY g.starts_at, g.session_id))[1]) AS meeting_title, g.session_type,
       coalesce(max(g.planned_from), min(g.starts_at)) AS starts_at, coalesce(max(g.planned_until), max(g.ends_at)) AS ends_at,
       extract(epoch FROM coalesce(max(g.planned_until), max(g.ends_at)) - coalesce(max(g.planned_from), min(g.starts_at)))::double precision AS lesson_seconds,
       array_agg(g.session_id ORDER BY g.starts_at, g.session_id) AS session_ids, count(*) AS sessions, max(g.unique_people) AS most_people,
       bool_and(g.is_final) AS is_final, max(g.grace_seconds) AS grace_seconds, g.timetable_id, max(g.time_zone) AS time_zone
FROM (
    SELECT s.*, count(*) FILTER (WHERE s.is_apart) OVER (PARTITION BY s.app_id, s.meeting_id, s.session_type, s.timetable_id ORDER BY s.starts_at, s.session_id) AS run_no
    FROM (
        SELECT f.session_id, f.app_id, f.meeting_id, f.meeting_title, f.session_type, f.starts_at, greatest(f.ends_at, f.starts_at) AS ends_at, f.unique_people, f.time_zone,
               coalesce(f.status = 'ENDED', false) AND st.complete_at IS NOT NULL AS is_final,
               t.timetable_id, t.title, t.starts_at AS planned_from, t.ends_at AS planned_until,
               coalesce(t.grace_seconds, m.grace_seconds, k.grace_seconds, 300) AS grace_seconds,
               coalesce(m.least_lesson_seconds, k.least_lesson_seconds, 300) AS least_seconds,
               t.timetable_id IS NULL AND coalesce(f.starts_at >= max(greatest(f.ends_at, f.starts_at)) OVER (
                   PARTITION BY f.app_id, f.meeting_id, f.session_type, t.timetable_id ORDER BY f.starts_at, f.session_id
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                   + make_interval(secs => coalesce(m.longest_gap_seconds, k.longest_gap_seconds, 300)), true) AS is_apart
        FROM analytics.session_figures AS f
        LEFT JOIN sync.session_states AS st ON st.session_id = f.session_id
        LEFT JOIN analytics.settings AS k ON k.app_id = f.app_id AND k.meeting_id = ''
        LEFT JOIN analytics.settings AS m ON m.app_id = f.app_id AND m.meeting_id = f.meeting_id AND m.meeting_id <> ''
        -- One for all meetings stands where the meeting has none of its own.
        LEFT JOIN (SELECT DISTINCT app_id, meeting_id FROM analytics.timetable) AS o ON o.app_id = f.app_id AND o.meeting_id = f.meeting_id
        LEFT JOIN analytics.timetable AS t ON t.app_id = f.app_id AND t.meeting_id IN (f.meeting_id, '')
            AND t.starts_at < f.ends_at AND t.ends_at > f.starts_at
            AND (t.meeting_id <> '' OR o.app_id IS NULL)
        WHERE f.meeting_id IS NOT NULL AND f.starts_at IS NOT NULL
          AND (t.timetable_id IS NOT NULL OR f.unique_people >= coalesce(m.least_lesson_people, k.least_lesson_people, 2))
    ) AS s
) AS g
GROUP BY g.app_id, g.meeting_id, g.session_type, g.timetable_id, g.run_no
HAVING g.timetable_id IS NOT NULL OR extract(epoch FROM sum(g.ends_at - g.starts_at)) >= max(g.least_seconds);

COMMENT ON VIEW  analytics.occurrences IS 'Lessons: what took place in a meeting, of one or several sessions. One row per lesson. A time in analytics.timetable is a lesson where there was any session; elsewhere a session counts from so many people and a lesson from so many seconds on, and sessions with a short gap between are one, as analytics.settings says. Sessions without a meeting are none.';
COMMENT ON COLUMN analytics.occurrences.occurrence_id IS 'The lesson: its first session.';
COMMENT ON COLUMN analytics.occurrences.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.occurrences.meeting_id IS 'Meeting (room, course) that the lesson is one of.';
COMMENT ON COLUMN analytics.occurrences.meeting_title IS 'Title in the timetable, else of the meeting at the time.';
COMMENT ON COLUMN analytics.occurrences.session_type IS 'meeting, livestream or participant (seen with breakout rooms), as the vendor says.';
COMMENT ON COLUMN analytics.occurrences.starts_at IS 'Start, UTC: that of the timetable, else of the first session.';
COMMENT ON COLUMN analytics.occurrences.ends_at IS 'End, UTC: that of the timetable, else the last end of its sessions.';
COMMENT ON COLUMN analytics.occurrences.lesson_seconds IS 'Seconds from starts_at to ends_at, gaps included.';
COMMENT ON COLUMN analytics.occurrences.session_ids IS 'Its sessions, in order.';
COMMENT ON COLUMN analytics.occurrences.sessions IS 'How many sessions it has.';
COMMENT ON COLUMN analytics.occurrences.most_people IS 'People of the session that had most.';
COMMENT ON COLUMN analytics.occurrences.is_final IS 'Whether all of its sessions have ended and were read completely.';
COMMENT ON COLUMN analytics.occurrences.grace_seconds IS 'Seconds after the start, and before the end, that are neither late nor early.';
COMMENT ON COLUMN analytics.occurrences.timetable_id IS 'Row of analytics.timetable that the lesson is; null without one.';
COMMENT ON COLUMN analytics.occurrences.time_zone IS 'Time zone of the app, by which its days are cut: of analytics.settings, UTC unless set.';

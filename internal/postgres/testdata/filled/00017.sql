-- A lesson of the timetable, and somebody who is excused from it.
INSERT INTO analytics.timetable (app_id, title, starts_at, ends_at) SELECT min(app_id), 'Algebra', '2026-05-22 09:00Z', '2026-05-22 10:00Z' FROM realtimekit.apps;
INSERT INTO analytics.excuses (app_id, person_id, starts_at, ends_at)
SELECT f.app_id, min(p.person_id), '2026-05-22 09:00Z', '2026-05-22 10:00Z' FROM analytics.session_people AS p JOIN analytics.session_figures AS f USING (session_id) GROUP BY 1 LIMIT 1;

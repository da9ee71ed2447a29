-- width_bucket gives how many of a sorted array's times lie before a moment, or at it.
CREATE OR REPLACE VIEW analytics.session_drop_off AS
SELECT b.session_id, t.elapsed_percent, t.point_at, n.present_people,
       round(n.present_people::numeric / p.people, 4)::double precision AS present_share,
       width_bucket(t.point_at, p.joins)::bigint AS joined_people, width_bucket(t.point_at, p.leaves)::bigint AS gone_people,
       p.people AS session_people
FROM analytics.session_figures AS b
CROSS JOIN LATERAL (
    SELECT array_agg(first_join_at ORDER BY first_join_at) AS joins, array_agg(last_leave_at ORDER BY last_leave_at) AS leaves, count(*) AS people
    FROM analytics.session_people WHERE session_id = b.session_id
) AS p
CROSS JOIN LATERAL (
    SELECT g.elapsed_percent, b.starts_at + (b.ends_at - b.starts_at) * (g.elapsed_percent / 100.0) AS point_at
    FROM generate_series(0, 100, 10) AS g (elapsed_percent)
) AS t
CROSS JOIN LATERAL (
    SELECT CASE WHEN cardinality(b.step_at) > 0 THEN coalesce(b.step_people[width_bucket(t.point_at, b.step_at)], 0) ELSE 0 END::bigint AS present_people
) AS n
WHERE b.ends_at > b.starts_at AND p.people > 0;

COMMENT ON VIEW  analytics.session_drop_off IS 'Where a session lost its audience: eleven points from its start (0 %) to its end (100 %). One row per session and point; none for a session without length or people.';
COMMENT ON COLUMN analytics.session_drop_off.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_drop_off.elapsed_percent IS 'Percent of the session that has passed: 0, 10 … 100.';
COMMENT ON COLUMN analytics.session_drop_off.point_at IS 'The moment, UTC.';
COMMENT ON COLUMN analytics.session_drop_off.present_people IS 'People inside at that moment. Stays are half-open, so that at 100 % those who stayed to the end have left.';
COMMENT ON COLUMN analytics.session_drop_off.present_share IS 'present_people as a share of session_people, 0 to 1.';
COMMENT ON COLUMN analytics.session_drop_off.joined_people IS 'People who had joined by then.';
COMMENT ON COLUMN analytics.session_drop_off.gone_people IS 'People who had left by then and did not come back.';
COMMENT ON COLUMN analytics.session_drop_off.session_people IS 'People who were in the session at any time.';

CREATE OR REPLACE VIEW analytics.session_drop_off AS
SELECT b.session_id, d.*
FROM analytics.session_bounds AS b
CROSS JOIN LATERAL (
    WITH p AS MATERIALIZED (
        SELECT presence, first_join_at, last_leave_at FROM analytics.person_presence WHERE session_id = b.session_id
    )
    SELECT g.elapsed_percent, t.point_at,
           count(*) FILTER (WHERE p.presence @> t.point_at) AS present_people,
           round(count(*) FILTER (WHERE p.presence @> t.point_at)::numeric / count(*), 4)::double precision AS present_share,
           count(*) FILTER (WHERE p.first_join_at <= t.point_at) AS joined_people,
           count(*) FILTER (WHERE p.last_leave_at <= t.point_at) AS gone_people,
           count(*) AS session_people
    FROM generate_series(0, 100, 10) AS g (elapsed_percent)
    CROSS JOIN LATERAL (SELECT b.starts_at + (b.ends_at - b.starts_at) * (g.elapsed_percent / 100.0) AS point_at) AS t
    CROSS JOIN p
    WHERE b.ends_at > b.starts_at
    GROUP BY g.elapsed_percent, t.point_at
) AS d;

COMMENT ON VIEW  analytics.session_drop_off IS 'Where a session lost its audience: eleven points from its start (0 %) to its end (100 %). One row a session and point; none for a session without length or people.';
COMMENT ON COLUMN analytics.session_drop_off.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_drop_off.elapsed_percent IS 'Percent of the session that has passed: 0, 10 … 100.';
COMMENT ON COLUMN analytics.session_drop_off.point_at IS 'The moment, UTC.';
COMMENT ON COLUMN analytics.session_drop_off.present_people IS 'People inside at that moment. Stays are half-open, so that at 100 % those who stayed to the end have left.';
COMMENT ON COLUMN analytics.session_drop_off.present_share IS 'present_people as a share of session_people, 0 to 1.';
COMMENT ON COLUMN analytics.session_drop_off.joined_people IS 'People who had joined by then.';
COMMENT ON COLUMN analytics.session_drop_off.gone_people IS 'People who had left by then and did not come back.';
COMMENT ON COLUMN analytics.session_drop_off.session_people IS 'People who were in the session at any time.';

-- analytics.session_drop_off where Citus has the tables: the same rows. The people also stand
-- under the session's id, by which Citus sees that a question about one session is for one
-- shard.
CREATE OR REPLACE VIEW analytics.session_drop_off AS
SELECT b.session_id, t.elapsed_percent, t.point_at, n.present_people,
       round(n.present_people::numeric / p.people, 4)::double precision AS present_share,
       width_bucket(t.point_at, p.joins)::bigint AS joined_people, width_bucket(t.point_at, p.leaves)::bigint AS gone_people,
       p.people AS session_people
FROM analytics.session_figures AS b
JOIN LATERAL (
    SELECT session_id, array_agg(first_join_at ORDER BY first_join_at) AS joins, array_agg(last_leave_at ORDER BY last_leave_at) AS leaves, count(*) AS people
    FROM analytics.session_people WHERE session_id = b.session_id
    GROUP BY session_id
) AS p ON p.session_id = b.session_id
CROSS JOIN LATERAL (
    SELECT g.elapsed_percent, b.starts_at + (b.ends_at - b.starts_at) * (g.elapsed_percent / 100.0) AS point_at
    FROM generate_series(0, 100, 10) AS g (elapsed_percent)
) AS t
CROSS JOIN LATERAL (
    SELECT CASE WHEN cardinality(b.step_at) > 0 THEN coalesce(b.step_people[width_bucket(t.point_at, b.step_at)], 0) ELSE 0 END::bigint AS present_people
) AS n
WHERE b.ends_at > b.starts_at;

CREATE OR REPLACE VIEW analytics.session_concurrency AS
SELECT s.session_id, c.changed_at, c.until_at, c.present_people, c.present_participants
FROM realtimekit.sessions AS s
CROSS JOIN LATERAL (
    WITH i AS MATERIALIZED (
        SELECT participant_id, person_id, tstzrange(joined_at, left_at) AS presence
        FROM analytics.participant_intervals
        WHERE session_id = s.session_id AND left_at > joined_at
    ), visits AS (
        SELECT unnest(range_agg(presence)) AS visit, 1 AS people, 0 AS participants FROM i GROUP BY person_id
        UNION ALL
        SELECT unnest(range_agg(presence)), 0, 1 FROM i GROUP BY participant_id
    ), changes AS (
        SELECT changed_at, sum(people) AS people, sum(participants) AS participants
        FROM (SELECT lower(visit) AS changed_at, people, participants FROM visits
              UNION ALL
              SELECT upper(visit), -people, -participants FROM visits) AS c
        GROUP BY changed_at
        HAVING sum(people) <> 0 OR sum(participants) <> 0
    )
    SELECT changed_at,
           lead(changed_at) OVER (ORDER BY changed_at) AS until_at,
           (sum(people) OVER (ORDER BY changed_at))::bigint AS present_people,
           (sum(participants) OVER (ORDER BY changed_at))::bigint AS present_participants
    FROM changes
) AS c;

COMMENT ON VIEW  analytics.session_concurrency IS 'How many were inside at once, as steps. One row each time that the number changes; from changed_at until before until_at it stays.';
COMMENT ON COLUMN analytics.session_concurrency.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_concurrency.changed_at IS 'From when the numbers hold, UTC, inclusive.';
COMMENT ON COLUMN analytics.session_concurrency.until_at IS 'Until when they hold, UTC, exclusive; null in the last row, where nobody is left.';
COMMENT ON COLUMN analytics.session_concurrency.present_people IS 'People inside, each counted once.';
COMMENT ON COLUMN analytics.session_concurrency.present_participants IS 'Participants (devices) inside.';

-- +goose Up
-- The vendor's peak counts a recorder, or another machine, as a participant too. An end of a
-- session before its start is none. A recording lasts no less than no time, and no centuries.
-- On a cluster analytics.refresh derives a large session as the program does.

SET LOCAL statement_timeout = 0; -- presences of all sessions are read once

-- +rollcall define derive
-- +rollcall define refresh
ALTER TABLE analytics.session_figures ADD COLUMN peak_with_machines bigint;
COMMENT ON COLUMN analytics.session_figures.peak_with_machines IS 'Most participants (devices) and machines, such as a recorder, inside at one time; null where machines make it no higher.';
-- +rollcall define session_bounds
-- +rollcall define data_quality
-- +rollcall define recording_usage
-- +rollcall define reconciliation

-- Only more participants than the peak of people can make a higher one.
UPDATE analytics.session_figures AS f SET peak_with_machines = c.peak
FROM (
    SELECT session_id, max(inside) AS peak
    FROM (
        SELECT session_id, sum(sum(change)) OVER (PARTITION BY session_id ORDER BY changed_at) AS inside
        FROM (
            SELECT session_id, unnest(ARRAY[lower(v), upper(v)]) AS changed_at, unnest('{1,-1}'::integer[]) AS change
            FROM (SELECT i.session_id, unnest(range_agg(tstzrange(i.joined_at, i.left_at))) AS v
                  FROM analytics.session_figures AS k JOIN analytics.presences AS i ON i.session_id = k.session_id
                  WHERE k.participants > k.peak_participants
                  GROUP BY i.session_id, i.participant_id) AS d
        ) AS c
        GROUP BY session_id, changed_at
    ) AS c
    GROUP BY session_id
) AS c
WHERE f.session_id = c.session_id AND c.peak > f.peak_participants;

INSERT INTO analytics.stale_sessions (session_id, started_at)
SELECT session_id, started_at FROM realtimekit.sessions WHERE ended_at < coalesce(started_at, created_at);

-- Of which data_quality has findings, few among all.
CREATE INDEX recordings_out_of_bounds ON realtimekit.recordings (session_id)
    WHERE coalesce(duration_seconds, extract(epoch FROM stopped_at - started_at)) NOT BETWEEN 0 AND 2678400;
CREATE INDEX livestream_sessions_out_of_bounds ON realtimekit.livestream_sessions (session_id)
    WHERE coalesce(ingest_seconds, extract(epoch FROM stopped_at - started_at)) NOT BETWEEN 0 AND 2678400;

-- +goose Down
-- +rollcall define reconciliation
-- +rollcall define recording_usage
-- +rollcall define data_quality
-- +rollcall define session_bounds
-- +rollcall define refresh
-- +rollcall define derive
DROP INDEX realtimekit.recordings_out_of_bounds;
DROP INDEX realtimekit.livestream_sessions_out_of_bounds;
ALTER TABLE analytics.session_figures DROP COLUMN peak_with_machines;
INSERT INTO analytics.stale_sessions (session_id, started_at)
SELECT session_id, started_at FROM realtimekit.sessions WHERE ended_at < coalesce(started_at, created_at);

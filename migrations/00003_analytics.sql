-- +goose Up
-- Views that answer questions about people. Each per-session view takes the
-- session first and computes the rest LATERAL to it, so that a restriction of the
-- session (by id, app, meeting or start) restricts what is read of the big
-- tables too. What may be asked over months is kept in tables by
-- analytics.refresh, which recomputes the days of changed sessions only.
CREATE SCHEMA analytics;
COMMENT ON SCHEMA analytics IS 'Answers about people: who attended, how long, how many at once, usage and cost, and how far the data can be trusted. Definitions are in docs/analytics.md.';

CREATE VIEW analytics.session_bounds AS
SELECT s.session_id, s.app_id, s.meeting_id, s.meeting_title, s.session_type, s.status,
       coalesce(s.started_at, s.created_at) AS starts_at, e.ends_at, e.ends_at_source,
       s.max_concurrent_participants AS vendor_peak_participants, s.minutes_consumed AS vendor_minutes,
       st.complete_at IS NOT NULL AS is_complete
FROM realtimekit.sessions AS s
LEFT JOIN sync.session_states AS st ON st.session_id = s.session_id
CROSS JOIN LATERAL (
    SELECT CASE
               WHEN s.ended_at IS NOT NULL THEN s.ended_at
               WHEN s.status = 'LIVE' THEN coalesce(st.read_at, s.synced_at)
               -- Nobody left a sign after it was read; a day is for clocks that differ.
               ELSE coalesce(greatest(
                   (SELECT max(t.at) FROM realtimekit.participants AS p CROSS JOIN LATERAL (VALUES (p.joined_at), (p.left_at)) AS t (at)
                    WHERE p.session_id = s.session_id AND t.at <= coalesce(st.read_at, s.synced_at) + interval '24 hours'),
                   (SELECT max(e.created_at) FROM realtimekit.peer_events AS e
                    WHERE e.session_id = s.session_id AND e.created_at <= coalesce(st.read_at, s.synced_at) + interval '24 hours')),
                   s.started_at, s.created_at)
           END AS ends_at,
           CASE
               WHEN s.ended_at IS NOT NULL THEN 'session_ended_at'
               WHEN s.status = 'LIVE' THEN 'last_seen'
               ELSE 'last_sign'
           END AS ends_at_source
    -- Keeps the planner from computing the end once for each participant.
    OFFSET 0
) AS e;

CREATE VIEW analytics.participant_intervals AS
SELECT b.session_id, w.participant_id,
       coalesce(w.user_id, w.custom_participant_id, w.participant_id::text) AS person_id,
       CASE WHEN j.by_events THEN w.peer_id END AS peer_id,
       w.user_id, w.custom_participant_id, w.display_name, w.preset_name, w.preset_view_type,
       c.joined_at, c.left_at,
       extract(epoch FROM c.left_at - c.joined_at)::double precision AS present_seconds,
       CASE WHEN j.by_events THEN 'peer_events' ELSE 'participant_row' END AS interval_source,
       CASE
           WHEN r.recorded_at IS NULL AND w.removed_at < b.ends_at THEN 'removed_at'
           WHEN r.recorded_at IS NULL THEN b.ends_at_source
           WHEN j.by_events AND (w.net = 0 OR w.next_net < 0) THEN 'peer_leaving'
           WHEN j.by_events AND w.next_net > 0 THEN 'next_peer_joining'
           ELSE 'participant_left_at'
       END AS left_at_source,
       r.recorded_at IS NULL AS is_open,
       w.removed_at IS NOT NULL AS is_removed,
       c.joined_at <> j.joined_at OR c.left_at <> l.left_at AS is_cut
FROM analytics.session_bounds AS b
CROSS JOIN LATERAL (
    -- The next moment at which the same peer came or left for good. At one
    -- instant as many leavings as joinings cancel each other (net 0): they are a
    -- presence of no length and do not end another.
    SELECT m.*,
           lead(m.moved_at) OVER same_peer AS next_at,
           lead(m.net) OVER same_peer AS next_net,
           coalesce(bool_or(m.net >= 0) OVER (PARTITION BY m.participant_id), false) AS has_joining,
           max(m.moment_view_type) OVER (PARTITION BY m.participant_id) AS preset_view_type,
           row_number() OVER (PARTITION BY m.participant_id) AS moment
    FROM (
        SELECT p.session_id, p.participant_id, p.user_id, p.custom_participant_id, p.display_name, p.preset_name,
               p.joined_at AS row_joined_at, p.left_at AS row_left_at, p.removed_at,
               coalesce(e.peer_id, p.participant_id::text) AS peer_id,
               e.created_at AS moved_at,
               sum(CASE e.event_name WHEN 'PEER_JOINING' THEN 1 WHEN 'PEER_LEAVING' THEN -1 END) AS net,
               max(e.preset_view_type) AS moment_view_type
        FROM realtimekit.participants AS p
        LEFT JOIN realtimekit.peer_events AS e
            ON e.session_id = p.session_id AND e.participant_id = p.participant_id
            AND e.event_name IN ('PEER_JOINING', 'PEER_LEAVING') AND e.created_at IS NOT NULL
        WHERE p.session_id = b.session_id
        GROUP BY p.session_id, p.participant_id, coalesce(e.peer_id, p.participant_id::text), e.created_at
    ) AS m
    WINDOW same_peer AS (PARTITION BY m.participant_id, m.peer_id, m.net = 0 ORDER BY m.moved_at)
) AS w
CROSS JOIN LATERAL (
    SELECT w.has_joining AS by_events,
           CASE WHEN w.has_joining THEN w.moved_at ELSE w.row_joined_at END AS joined_at
) AS j
CROSS JOIN LATERAL (
    SELECT CASE
               WHEN NOT j.by_events AND w.row_left_at < w.row_joined_at THEN w.row_joined_at
               WHEN NOT j.by_events THEN w.row_left_at
               WHEN w.net = 0 THEN w.moved_at
               WHEN w.next_at IS NOT NULL THEN w.next_at
               WHEN w.row_left_at > w.moved_at THEN w.row_left_at
           END AS recorded_at
) AS r
CROSS JOIN LATERAL (
    SELECT coalesce(r.recorded_at, greatest(j.joined_at, least(b.ends_at, w.removed_at))) AS left_at
) AS l
-- One absurd time, of a participant or of the session, must not make a presence
-- of years: views and tables by day have a row for each of its days.
-- In hours, since a day has 23 of them in some time zones' spring.
CROSS JOIN LATERAL (
    SELECT least(b.starts_at, b.ends_at) - interval '24 hours' AS earliest, greatest(b.starts_at, b.ends_at) + interval '24 hours' AS latest
) AS o
CROSS JOIN LATERAL (SELECT least(greatest(j.joined_at, o.earliest), o.latest) AS joined_at) AS f
CROSS JOIN LATERAL (
    SELECT f.joined_at, least(greatest(l.left_at, o.earliest), o.latest, f.joined_at + interval '744 hours') AS left_at
) AS c
WHERE w.net >= 0 OR (NOT w.has_joining AND w.moment = 1 AND w.row_joined_at IS NOT NULL);

CREATE VIEW analytics.person_presence AS
SELECT s.session_id, i.*
FROM realtimekit.sessions AS s
CROSS JOIN LATERAL (
    SELECT i.person_id,
           (array_agg(i.custom_participant_id ORDER BY i.joined_at, i.participant_id)
               FILTER (WHERE i.custom_participant_id IS NOT NULL))[1] AS custom_participant_id,
           (array_agg(i.display_name ORDER BY i.joined_at, i.participant_id)
               FILTER (WHERE i.display_name IS NOT NULL))[1] AS display_name,
           (array_agg(i.preset_name ORDER BY i.joined_at, i.participant_id)
               FILTER (WHERE i.preset_name IS NOT NULL))[1] AS preset_name,
           min(i.joined_at) AS first_join_at,
           max(i.left_at) AS last_leave_at,
           range_agg(tstzrange(i.joined_at, i.left_at)) AS presence,
           count(DISTINCT i.participant_id) AS participants,
           bool_or(i.is_open) AS has_open_presence,
           bool_or(i.left_at_source = 'last_seen') AS is_inside,
           bool_or(i.interval_source = 'participant_row') AS has_row_presence
    FROM analytics.participant_intervals AS i
    WHERE i.session_id = s.session_id
    GROUP BY i.person_id
) AS i;

CREATE VIEW analytics.person_attendance AS
SELECT p.session_id, p.person_id, p.custom_participant_id, p.display_name, p.first_join_at, p.last_leave_at,
       t.present_seconds::double precision AS present_seconds, t.visits,
       round(t.inside_seconds / nullif(extract(epoch FROM b.ends_at - b.starts_at), 0), 4)::double precision AS session_share,
       b.app_id, b.meeting_id, b.meeting_title, p.preset_name, b.starts_at AS session_starts_at, b.ends_at AS session_ends_at,
       extract(epoch FROM p.first_join_at - b.starts_at)::double precision AS late_seconds,
       extract(epoch FROM b.ends_at - p.last_leave_at)::double precision AS left_early_seconds,
       p.participants, p.is_inside, p.has_open_presence, p.has_row_presence
FROM analytics.session_bounds AS b
JOIN analytics.person_presence AS p ON p.session_id = b.session_id
CROSS JOIN LATERAL (
    SELECT count(*) AS visits,
           coalesce(sum(extract(epoch FROM upper(v) - lower(v))), 0) AS present_seconds,
           CASE WHEN b.ends_at > b.starts_at THEN
               coalesce(sum(extract(epoch FROM least(upper(v), b.ends_at) - greatest(lower(v), b.starts_at)))
                   FILTER (WHERE v && tstzrange(b.starts_at, greatest(b.starts_at, b.ends_at))), 0)
           END AS inside_seconds
    FROM unnest(p.presence) AS v
) AS t;

CREATE VIEW analytics.session_concurrency AS
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

CREATE VIEW analytics.session_concurrency_minutely AS
SELECT b.session_id, c.*
FROM analytics.session_bounds AS b
CROSS JOIN LATERAL (
    SELECT m.minute_at,
           max(c.present_people) AS peak_people,
           round(sum(c.present_people * o.seconds) / sum(o.seconds), 3)::double precision AS average_people,
           max(c.present_participants) AS peak_participants
    FROM analytics.session_concurrency AS c
    CROSS JOIN LATERAL (
        SELECT greatest(c.changed_at, b.starts_at) AS from_at, least(c.until_at, b.ends_at) AS to_at
    ) AS step
    CROSS JOIN LATERAL generate_series(
        date_trunc('minute', step.from_at, 'UTC'), step.to_at - interval '1 microsecond', interval '1 minute') AS m (minute_at)
    CROSS JOIN LATERAL (
        SELECT extract(epoch FROM least(step.to_at, m.minute_at + interval '1 minute')
                                  - greatest(step.from_at, m.minute_at)) AS seconds
    ) AS o
    WHERE c.session_id = b.session_id AND c.until_at IS NOT NULL AND step.from_at < step.to_at
      AND step.to_at <= step.from_at + interval '744 hours' -- longer is no presence, only years between absurd times
    GROUP BY m.minute_at
) AS c;

CREATE VIEW analytics.session_drop_off AS
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

CREATE VIEW analytics.join_latency AS
SELECT b.session_id, j.participant_id, j.person_id, j.display_name, j.preset_name, j.created_event_at, j.joining_event_at,
       extract(epoch FROM j.joining_event_at - j.created_event_at)::double precision AS lobby_seconds,
       coalesce(j.joining_event_at, j.row_joined_at) AS joined_at,
       extract(epoch FROM coalesce(j.joining_event_at, j.row_joined_at) - b.starts_at)::double precision AS late_seconds
FROM analytics.session_bounds AS b
CROSS JOIN LATERAL (
    SELECT p.participant_id, coalesce(p.user_id, p.custom_participant_id, p.participant_id::text) AS person_id,
           p.display_name, p.preset_name, p.joined_at AS row_joined_at,
           min(e.joining_at) AS joining_event_at,
           max(e.created_at) FILTER (WHERE e.event_name = 'PEER_CREATED'
               AND (e.joining_at IS NULL OR e.created_at <= e.joining_at)) AS created_event_at
    FROM realtimekit.participants AS p
    LEFT JOIN (
        SELECT participant_id, event_name, created_at,
               min(created_at) FILTER (WHERE event_name = 'PEER_JOINING') OVER (PARTITION BY participant_id) AS joining_at
        FROM realtimekit.peer_events
        WHERE session_id = b.session_id AND event_name IN ('PEER_CREATED', 'PEER_JOINING') AND created_at IS NOT NULL
    ) AS e ON e.participant_id = p.participant_id
    WHERE p.session_id = b.session_id
    GROUP BY p.session_id, p.participant_id
) AS j
WHERE coalesce(j.joining_event_at, j.row_joined_at, j.created_event_at) IS NOT NULL;

CREATE VIEW analytics.rejoins AS
SELECT p.session_id, p.person_id, p.custom_participant_id, p.display_name, a.rejoins,
       a.away_seconds::double precision AS away_seconds, a.longest_away_seconds::double precision AS longest_away_seconds,
       a.first_left_at, a.last_returned_at
FROM analytics.person_presence AS p
CROSS JOIN LATERAL (
    SELECT count(*) AS rejoins,
           sum(extract(epoch FROM g.returned_at - g.went_at)) AS away_seconds,
           max(extract(epoch FROM g.returned_at - g.went_at)) AS longest_away_seconds,
           min(g.went_at) AS first_left_at,
           max(g.returned_at) AS last_returned_at
    FROM (SELECT lower(v) AS returned_at, lag(upper(v)) OVER (ORDER BY lower(v)) AS went_at
          FROM unnest(p.presence) AS v) AS g
    WHERE g.went_at IS NOT NULL
) AS a
WHERE a.rejoins > 0;

CREATE VIEW analytics.person_overlap AS
SELECT s.session_id, o.*
FROM realtimekit.sessions AS s
CROSS JOIN LATERAL (
    WITH p AS MATERIALIZED (
        SELECT person_id, custom_participant_id, display_name, presence
        FROM analytics.person_presence
        WHERE session_id = s.session_id
    )
    SELECT a.person_id, a.custom_participant_id, a.display_name,
           b.person_id AS other_person_id, b.custom_participant_id AS other_custom_participant_id,
           b.display_name AS other_display_name,
           (SELECT sum(extract(epoch FROM upper(v) - lower(v))) FROM unnest(a.presence * b.presence) AS v)::double precision AS together_seconds,
           lower(a.presence * b.presence) AS first_together_at,
           upper(a.presence * b.presence) AS last_together_at
    FROM p AS a JOIN p AS b ON a.person_id COLLATE "C" < b.person_id COLLATE "C" AND a.presence && b.presence
) AS o;

CREATE VIEW analytics.session_summary AS
SELECT b.session_id, b.app_id, a.name AS app_name, b.meeting_id, b.meeting_title, b.session_type, b.status,
       (b.starts_at AT TIME ZONE 'UTC')::date AS started_date, b.starts_at, b.ends_at, b.ends_at_source,
       extract(epoch FROM greatest(b.ends_at, b.starts_at) - b.starts_at)::double precision AS session_seconds,
       p.unique_people, i.participants, c.peak_people, c.peak_participants, b.vendor_peak_participants,
       p.person_seconds::double precision AS person_seconds, i.participant_seconds::double precision AS participant_seconds,
       b.vendor_minutes,
       round(p.person_seconds / nullif(extract(epoch FROM greatest(b.ends_at, b.starts_at) - b.starts_at), 0), 3)::double precision AS average_people,
       round(p.average_share::numeric, 4)::double precision AS average_share,
       p.rejoins, p.first_join_at, p.last_leave_at, i.open_presences, i.removed_participants, b.is_complete
FROM analytics.session_bounds AS b
JOIN realtimekit.apps AS a ON a.app_id = b.app_id
CROSS JOIN LATERAL (
    SELECT count(*) AS unique_people, coalesce(sum(present_seconds::numeric), 0) AS person_seconds,
           avg(session_share) AS average_share, coalesce(sum(greatest(visits - 1, 0)), 0)::bigint AS rejoins,
           min(first_join_at) AS first_join_at, max(last_leave_at) AS last_leave_at
    FROM analytics.person_attendance
    WHERE session_id = b.session_id
) AS p
CROSS JOIN LATERAL (
    SELECT count(DISTINCT participant_id) AS participants,
           coalesce(sum(extract(epoch FROM left_at - joined_at)), 0) AS participant_seconds,
           count(*) FILTER (WHERE is_open) AS open_presences,
           count(DISTINCT participant_id) FILTER (WHERE is_removed) AS removed_participants
    FROM analytics.participant_intervals
    WHERE session_id = b.session_id
) AS i
CROSS JOIN LATERAL (
    SELECT coalesce(max(present_people), 0) AS peak_people, coalesce(max(present_participants), 0) AS peak_participants
    FROM analytics.session_concurrency
    WHERE session_id = b.session_id
) AS c;

CREATE VIEW analytics.people AS
SELECT s.app_id, coalesce(p.user_id, p.custom_participant_id, p.participant_id::text) AS person_id,
       max(p.user_id) AS user_id,
       (array_agg(p.custom_participant_id ORDER BY coalesce(p.joined_at, p.created_at) DESC NULLS LAST, p.session_id, p.participant_id)
           FILTER (WHERE p.custom_participant_id IS NOT NULL))[1] AS custom_participant_id,
       (array_agg(p.display_name ORDER BY coalesce(p.joined_at, p.created_at) DESC NULLS LAST, p.session_id, p.participant_id)
           FILTER (WHERE p.display_name IS NOT NULL))[1] AS display_name,
       (array_agg(p.preset_name ORDER BY coalesce(p.joined_at, p.created_at) DESC NULLS LAST, p.session_id, p.participant_id)
           FILTER (WHERE p.preset_name IS NOT NULL))[1] AS preset_name,
       min(coalesce(p.joined_at, p.created_at)) AS first_seen_at,
       max(coalesce(p.left_at, p.joined_at, p.created_at)) AS last_seen_at,
       count(DISTINCT p.session_id) AS sessions,
       count(*) AS participants
FROM realtimekit.participants AS p
JOIN realtimekit.sessions AS s ON s.session_id = p.session_id
GROUP BY 1, 2;

-- Usage by day: kept in tables, since a month of a large account is millions of events.

CREATE TABLE analytics.session_dates (
    session_id uuid NOT NULL,
    app_id     text NOT NULL,
    usage_date date NOT NULL,
    PRIMARY KEY (session_id, usage_date, app_id)
);
CREATE INDEX session_dates_by_date ON analytics.session_dates (usage_date, app_id);

CREATE TABLE analytics.usage_days (
    usage_date          date             NOT NULL,
    app_id              text             NOT NULL REFERENCES realtimekit.apps (app_id),
    sessions_started    bigint           NOT NULL,
    sessions_active     bigint           NOT NULL,
    unique_people       bigint           NOT NULL,
    unique_custom_ids   bigint           NOT NULL,
    participants        bigint           NOT NULL,
    person_seconds      double precision NOT NULL,
    participant_seconds double precision NOT NULL,
    vendor_minutes      double precision,
    refreshed_at        timestamptz      NOT NULL,
    peak_people         bigint           NOT NULL,
    peak_participants   bigint           NOT NULL,
    PRIMARY KEY (usage_date, app_id)
);
CREATE INDEX usage_days_by_app ON analytics.usage_days (app_id, usage_date);

CREATE TABLE analytics.usage_preset_days (
    usage_date          date             NOT NULL,
    app_id              text             NOT NULL REFERENCES realtimekit.apps (app_id),
    preset_name         text,
    preset_view_type    text,
    sessions            bigint           NOT NULL,
    unique_people       bigint           NOT NULL,
    participants        bigint           NOT NULL,
    person_seconds      double precision NOT NULL,
    participant_seconds double precision NOT NULL,
    refreshed_at        timestamptz      NOT NULL
);
CREATE UNIQUE INDEX usage_preset_days_key ON analytics.usage_preset_days (usage_date, app_id, preset_name, preset_view_type) NULLS NOT DISTINCT;
CREATE INDEX usage_preset_days_by_app ON analytics.usage_preset_days (app_id, usage_date);

CREATE TABLE analytics.prices (
    price_id         bigint         NOT NULL GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    app_id           text           REFERENCES realtimekit.apps (app_id),
    preset_name      text,
    preset_view_type text,
    valid_from       date           NOT NULL,
    price_per_minute numeric(20, 8) NOT NULL CHECK (price_per_minute >= 0),
    currency         text           NOT NULL CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE UNIQUE INDEX prices_key ON analytics.prices (app_id, preset_name, preset_view_type, valid_from) NULLS NOT DISTINCT;

-- Without a key on purpose: a row is added by whoever changes a session, unseen
-- until it commits, and taken by the refresh that sees it. With a key, one that
-- adds nothing because another row is there would be overlooked.
CREATE TABLE analytics.stale_sessions (
    session_id uuid        NOT NULL,
    queued_at  timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz
);
-- The order in which refresh takes them: a batch costs the same however many wait.
CREATE INDEX stale_sessions_in_order ON analytics.stale_sessions (started_at NULLS FIRST, session_id);

CREATE VIEW analytics.presence_by_day AS
SELECT d.app_id, d.usage_date, d.session_id, i.participant_id, i.person_id, i.custom_participant_id,
       i.preset_name, i.preset_view_type,
       greatest(i.joined_at, day.starts_at) AS from_at,
       least(i.left_at, day.ends_at) AS to_at,
       extract(epoch FROM least(i.left_at, day.ends_at) - greatest(i.joined_at, day.starts_at))::double precision AS present_seconds
FROM analytics.session_dates AS d
CROSS JOIN LATERAL (
    SELECT d.usage_date::timestamp AT TIME ZONE 'UTC' AS starts_at, (d.usage_date + 1)::timestamp AT TIME ZONE 'UTC' AS ends_at
) AS day
JOIN analytics.participant_intervals AS i
    ON i.session_id = d.session_id AND i.joined_at < day.ends_at
    AND (i.left_at > day.starts_at OR i.joined_at >= day.starts_at);

-- +goose StatementBegin
CREATE FUNCTION analytics.refresh(max_sessions integer DEFAULT 500) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
-- Before the first ANALYZE a large session looks like one of a few rows, and its
-- presences and events would be joined by a loop over rows kept in memory.
SET enable_material = off
AS $$
DECLARE
    changed uuid[];
    apps    text[];
    dates   date[];
BEGIN
    -- Two at once would each compute a day without the other's session. Whoever
    -- is at it goes on until nothing is left, so there is nothing to wait for;
    -- rollcall retention, which holds the lock while sessions go, does so at its end.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('rollcall:analytics', 0)) THEN
        RETURN 0;
    END IF;

    -- Oldest sessions first, so that sessions of a day are mostly taken together.
    -- Of a session queued twice, the other row may be left to the next batch.
    WITH taken AS (
        DELETE FROM analytics.stale_sessions
        WHERE ctid = ANY (ARRAY (
            SELECT ctid FROM analytics.stale_sessions ORDER BY started_at NULLS FIRST, session_id LIMIT max_sessions))
        RETURNING session_id
    )
    SELECT array_agg(DISTINCT session_id) INTO changed FROM taken;
    IF changed IS NULL THEN
        RETURN 0;
    END IF;

    -- The days that the sessions touch now, and those that they touched before.
    WITH now_on AS MATERIALIZED (
        SELECT b.session_id, b.app_id, (b.starts_at AT TIME ZONE 'UTC')::date AS usage_date
        FROM analytics.session_bounds AS b
        WHERE b.session_id = ANY (changed) AND b.starts_at IS NOT NULL
        UNION
        SELECT i.session_id, s.app_id, g.usage_date::date
        FROM realtimekit.sessions AS s
        JOIN analytics.participant_intervals AS i ON i.session_id = s.session_id
        CROSS JOIN LATERAL generate_series(
            date_trunc('day', i.joined_at),
            greatest(i.joined_at, i.left_at - interval '1 microsecond'), interval '1 day') AS g (usage_date)
        WHERE s.session_id = ANY (changed)
    ), added AS (
        INSERT INTO analytics.session_dates SELECT session_id, app_id, usage_date FROM now_on
        ON CONFLICT DO NOTHING
    ), gone AS (
        DELETE FROM analytics.session_dates AS d
        WHERE d.session_id = ANY (changed) AND NOT EXISTS (
            SELECT FROM now_on AS n
            WHERE (n.session_id, n.app_id, n.usage_date) = (d.session_id, d.app_id, d.usage_date))
        RETURNING d.app_id, d.usage_date
    )
    SELECT array_agg(app_id), array_agg(usage_date) INTO apps, dates
    FROM (SELECT app_id, usage_date FROM now_on UNION SELECT app_id, usage_date FROM gone) AS t;

    -- A day is kept as it is while one of its sessions is not there to count: what
    -- rollcall retention deleted is in session_dates only.
    SELECT array_agg(d.app_id), array_agg(d.usage_date) INTO apps, dates
    FROM unnest(apps, dates) AS d (app_id, usage_date)
    WHERE NOT EXISTS (
        SELECT FROM analytics.session_dates AS m
        WHERE m.app_id = d.app_id AND m.usage_date = d.usage_date
          AND NOT EXISTS (SELECT FROM realtimekit.sessions AS s WHERE s.session_id = m.session_id));

    -- A day without sessions is no row. Rows that stay are updated where they
    -- differ, and not replaced.
    DELETE FROM analytics.usage_days AS u
    USING unnest(apps, dates) AS d (app_id, usage_date)
    WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date AND NOT EXISTS (
        SELECT FROM analytics.session_dates AS m WHERE m.app_id = d.app_id AND m.usage_date = d.usage_date);

    WITH day_sessions AS MATERIALIZED (
        SELECT m.app_id, m.usage_date, m.session_id
        FROM unnest(apps, dates) AS d (app_id, usage_date)
        JOIN analytics.session_dates AS m USING (app_id, usage_date)
    ), pieces AS MATERIALIZED (
        SELECT p.*
        FROM unnest(apps, dates) AS d (app_id, usage_date)
        JOIN analytics.presence_by_day AS p USING (app_id, usage_date)
    ), started AS (
        SELECT m.app_id, m.usage_date,
               count(*) FILTER (WHERE coalesce(s.started_at, s.created_at)::date = m.usage_date) AS sessions,
               -- As numeric the sum is exact, and the same whatever the order of the sessions.
               sum(s.minutes_consumed::numeric) FILTER (WHERE coalesce(s.started_at, s.created_at)::date = m.usage_date)::double precision AS vendor_minutes
        FROM day_sessions AS m JOIN realtimekit.sessions AS s ON s.session_id = m.session_id
        GROUP BY 1, 2
    ), person_days AS MATERIALIZED (
        SELECT app_id, usage_date, person_id, range_agg(tstzrange(from_at, to_at)) AS presence
        FROM pieces GROUP BY 1, 2, 3
    ), persons AS (
        SELECT app_id, usage_date, count(*) AS people, sum(t.seconds) AS seconds
        FROM person_days AS p
        CROSS JOIN LATERAL (SELECT sum(extract(epoch FROM upper(v) - lower(v))) AS seconds FROM unnest(p.presence) AS v) AS t
        GROUP BY 1, 2
    ), visits AS (
        SELECT app_id, usage_date, unnest(presence) AS visit, 1 AS people, 0 AS participants FROM person_days
        UNION ALL
        SELECT app_id, usage_date, unnest(range_agg(tstzrange(from_at, to_at))), 0, 1
        FROM pieces GROUP BY app_id, usage_date, session_id, participant_id
    ), peaks AS (
        SELECT app_id, usage_date, max(people) AS people, max(participants) AS participants
        FROM (
            SELECT app_id, usage_date, sum(sum(people)) OVER so_far AS people, sum(sum(participants)) OVER so_far AS participants
            FROM (SELECT app_id, usage_date, lower(visit) AS changed_at, people, participants FROM visits
                  UNION ALL
                  SELECT app_id, usage_date, upper(visit), -people, -participants FROM visits) AS c
            GROUP BY app_id, usage_date, changed_at
            WINDOW so_far AS (PARTITION BY app_id, usage_date ORDER BY changed_at)
        ) AS curve
        GROUP BY 1, 2
    ), totals AS (
        SELECT app_id, usage_date, count(DISTINCT session_id) AS sessions, count(DISTINCT custom_participant_id) AS custom_ids,
               count(DISTINCT (session_id, participant_id)) AS participants, sum(extract(epoch FROM to_at - from_at)) AS seconds
        FROM pieces GROUP BY 1, 2
    ), by_day AS (
        INSERT INTO analytics.usage_days AS u (usage_date, app_id, sessions_started, sessions_active, unique_people, unique_custom_ids,
            participants, person_seconds, participant_seconds, vendor_minutes, refreshed_at, peak_people, peak_participants)
        SELECT usage_date, app_id, s.sessions, coalesce(t.sessions, 0), coalesce(p.people, 0), coalesce(t.custom_ids, 0),
               coalesce(t.participants, 0), coalesce(p.seconds, 0), coalesce(t.seconds, 0), s.vendor_minutes, now(),
               coalesce(k.people, 0), coalesce(k.participants, 0)
        FROM started AS s LEFT JOIN persons AS p USING (app_id, usage_date) LEFT JOIN totals AS t USING (app_id, usage_date)
        LEFT JOIN peaks AS k USING (app_id, usage_date)
        ON CONFLICT (usage_date, app_id) DO UPDATE
        SET sessions_started = excluded.sessions_started, sessions_active = excluded.sessions_active,
            unique_people = excluded.unique_people, unique_custom_ids = excluded.unique_custom_ids,
            participants = excluded.participants, person_seconds = excluded.person_seconds,
            participant_seconds = excluded.participant_seconds, vendor_minutes = excluded.vendor_minutes,
            refreshed_at = excluded.refreshed_at, peak_people = excluded.peak_people, peak_participants = excluded.peak_participants
        WHERE (u.sessions_started, u.sessions_active, u.unique_people, u.unique_custom_ids, u.participants,
               u.person_seconds, u.participant_seconds, u.vendor_minutes, u.peak_people, u.peak_participants)
              IS DISTINCT FROM
              (excluded.sessions_started, excluded.sessions_active, excluded.unique_people, excluded.unique_custom_ids,
               excluded.participants, excluded.person_seconds, excluded.participant_seconds, excluded.vendor_minutes,
               excluded.peak_people, excluded.peak_participants)
    ), preset_totals AS (
        SELECT app_id, usage_date, preset_name, preset_view_type, count(DISTINCT session_id) AS sessions,
               count(DISTINCT (session_id, participant_id)) AS participants, sum(extract(epoch FROM to_at - from_at)) AS seconds
        FROM pieces GROUP BY 1, 2, 3, 4
    ), preset_persons AS (
        SELECT app_id, usage_date, preset_name, preset_view_type, count(*) AS people, sum(t.seconds) AS seconds
        FROM (SELECT app_id, usage_date, preset_name, preset_view_type, person_id, range_agg(tstzrange(from_at, to_at)) AS presence
              FROM pieces GROUP BY 1, 2, 3, 4, 5) AS p
        CROSS JOIN LATERAL (SELECT sum(extract(epoch FROM upper(v) - lower(v))) AS seconds FROM unnest(p.presence) AS v) AS t
        GROUP BY 1, 2, 3, 4
    ), presets AS MATERIALIZED (
        SELECT t.*, p.people, coalesce(p.seconds, 0) AS person_seconds
        FROM preset_totals AS t
        JOIN preset_persons AS p ON p.app_id = t.app_id AND p.usage_date = t.usage_date
            AND p.preset_name IS NOT DISTINCT FROM t.preset_name AND p.preset_view_type IS NOT DISTINCT FROM t.preset_view_type
    ), gone AS (
        DELETE FROM analytics.usage_preset_days AS u
        USING unnest(apps, dates) AS d (app_id, usage_date)
        WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date AND NOT EXISTS (
            SELECT FROM presets AS p
            WHERE p.app_id = u.app_id AND p.usage_date = u.usage_date
              AND p.preset_name IS NOT DISTINCT FROM u.preset_name AND p.preset_view_type IS NOT DISTINCT FROM u.preset_view_type)
    )
    INSERT INTO analytics.usage_preset_days AS u (usage_date, app_id, preset_name, preset_view_type, sessions, unique_people,
        participants, person_seconds, participant_seconds, refreshed_at)
    SELECT usage_date, app_id, preset_name, preset_view_type, sessions, people, participants, person_seconds, seconds, now()
    FROM presets
    ON CONFLICT (usage_date, app_id, preset_name, preset_view_type) DO UPDATE
    SET sessions = excluded.sessions, unique_people = excluded.unique_people, participants = excluded.participants,
        person_seconds = excluded.person_seconds, participant_seconds = excluded.participant_seconds,
        refreshed_at = excluded.refreshed_at
    WHERE (u.sessions, u.unique_people, u.participants, u.person_seconds, u.participant_seconds)
          IS DISTINCT FROM
          (excluded.sessions, excluded.unique_people, excluded.participants, excluded.person_seconds, excluded.participant_seconds);

    RETURN cardinality(changed);
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION analytics.queue_read_session() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO analytics.stale_sessions (session_id, started_at)
    VALUES (NEW.session_id, (SELECT started_at FROM realtimekit.sessions WHERE session_id = NEW.session_id));
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION analytics.queue_deleted_rows() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO analytics.stale_sessions (session_id, started_at)
    SELECT d.session_id, s.started_at
    FROM (SELECT DISTINCT session_id FROM deleted_rows) AS d LEFT JOIN realtimekit.sessions AS s ON s.session_id = d.session_id;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- The row of sync.run_sessions is written in the transaction that changes the
-- session. A live session goes on without a changed row: time passes.
CREATE TRIGGER queue_read_session AFTER INSERT OR UPDATE ON sync.run_sessions
    FOR EACH ROW WHEN (NEW.rows_inserted > 0 OR NEW.rows_updated > 0 OR NEW.outcome = 'live')
    EXECUTE FUNCTION analytics.queue_read_session();
-- Rollcall's runs delete nothing; whoever erases data does.
CREATE TRIGGER queue_deleted_rows AFTER DELETE ON realtimekit.sessions
    REFERENCING OLD TABLE AS deleted_rows FOR EACH STATEMENT EXECUTE FUNCTION analytics.queue_deleted_rows();
CREATE TRIGGER queue_deleted_rows AFTER DELETE ON realtimekit.participants
    REFERENCING OLD TABLE AS deleted_rows FOR EACH STATEMENT EXECUTE FUNCTION analytics.queue_deleted_rows();
CREATE TRIGGER queue_deleted_rows AFTER DELETE ON realtimekit.peer_events
    REFERENCING OLD TABLE AS deleted_rows FOR EACH STATEMENT EXECUTE FUNCTION analytics.queue_deleted_rows();
INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions;

CREATE VIEW analytics.daily_usage AS
SELECT u.usage_date, u.app_id, a.name AS app_name, u.sessions_started, u.sessions_active, u.unique_people, u.unique_custom_ids,
       u.participants, u.person_seconds, u.participant_seconds, u.vendor_minutes, u.refreshed_at, u.peak_people, u.peak_participants
FROM analytics.usage_days AS u
JOIN realtimekit.apps AS a ON a.app_id = u.app_id;

CREATE VIEW analytics.preset_usage AS
SELECT u.usage_date, u.app_id, a.name AS app_name, u.preset_name, u.preset_view_type, u.sessions, u.unique_people, u.participants,
       u.person_seconds, u.participant_seconds, u.refreshed_at
FROM analytics.usage_preset_days AS u
JOIN realtimekit.apps AS a ON a.app_id = u.app_id;

CREATE VIEW analytics.usage_cost AS
SELECT u.usage_date, u.app_id, u.app_name, u.preset_name, u.preset_view_type,
       round((u.participant_seconds / 60)::numeric, 4) AS participant_minutes,
       p.price_per_minute, p.currency,
       round((u.participant_seconds / 60)::numeric * p.price_per_minute, 6) AS cost_amount,
       p.price_id
FROM analytics.preset_usage AS u
LEFT JOIN LATERAL (
    SELECT p.price_id, p.price_per_minute, p.currency
    FROM analytics.prices AS p
    WHERE p.valid_from <= u.usage_date
      AND (p.app_id IS NULL OR p.app_id = u.app_id)
      AND (p.preset_name IS NULL OR p.preset_name = u.preset_name)
      AND (p.preset_view_type IS NULL OR p.preset_view_type = u.preset_view_type)
    ORDER BY p.app_id IS NULL, p.preset_name IS NULL, p.preset_view_type IS NULL, p.valid_from DESC, p.price_id
    LIMIT 1
) AS p ON true;

CREATE VIEW analytics.data_quality AS
SELECT s.session_id, s.app_id, s.started_at, c.check_name, c.findings, c.measured_value, c.vendor_value
FROM realtimekit.sessions AS s
CROSS JOIN LATERAL (
    WITH i AS MATERIALIZED (
        SELECT participant_id, joined_at, left_at, interval_source, left_at_source, is_open, is_cut
        FROM analytics.participant_intervals
        WHERE session_id = s.session_id
    ), sums AS (
        SELECT coalesce(sum(extract(epoch FROM left_at - joined_at)), 0)::double precision / 60 AS presence_minutes, count(*) AS presences,
               count(*) FILTER (WHERE is_cut) AS cut,
               count(*) FILTER (WHERE is_open AND left_at_source <> 'last_seen') AS open_presences,
               count(*) FILTER (WHERE interval_source = 'peer_events' AND is_open AND left_at_source <> 'last_seen'
                                   OR left_at_source = 'next_peer_joining') AS joinings_alone
        FROM i
    ), leavings AS (
        SELECT count(*) FILTER (WHERE net < 0 AND coalesce(previous_net, -1) < 0) AS alone
        FROM (SELECT net, lag(net) OVER (PARTITION BY participant_id, peer_id, net = 0 ORDER BY created_at) AS previous_net
              FROM (SELECT participant_id, coalesce(peer_id, participant_id::text) AS peer_id, created_at,
                           sum(CASE event_name WHEN 'PEER_JOINING' THEN 1 ELSE -1 END) AS net
                    FROM realtimekit.peer_events
                    WHERE session_id = s.session_id AND event_name IN ('PEER_JOINING', 'PEER_LEAVING') AND created_at IS NOT NULL
                    GROUP BY 1, 2, 3) AS m) AS l
    ), rows AS (
        SELECT count(*) FILTER (WHERE repairs IS NOT NULL) AS repaired,
               count(*) FILTER (WHERE left_at < joined_at) AS inverted,
               count(*) FILTER (WHERE removed_at IS NOT NULL) AS removed,
               count(*) FILTER (WHERE joined_at IS NULL AND (left_at IS NOT NULL OR duration_minutes > 0)
                   AND NOT EXISTS (SELECT FROM i WHERE i.participant_id = p.participant_id)) AS timeless
        FROM realtimekit.participants AS p
        WHERE p.session_id = s.session_id
    ), events AS (
        SELECT count(*) FILTER (WHERE repairs IS NOT NULL) AS repaired, count(*) FILTER (WHERE created_at IS NULL) AS timeless
        FROM realtimekit.peer_events
        WHERE session_id = s.session_id
    ), peak AS (
        SELECT coalesce(max(present_participants), 0) AS participants
        FROM analytics.session_concurrency
        WHERE session_id = s.session_id
    )
    SELECT 'repaired_values' AS check_name, rows.repaired + events.repaired + (s.repairs IS NOT NULL)::integer AS findings,
           NULL::double precision AS measured_value, NULL::double precision AS vendor_value FROM rows, events
    UNION ALL SELECT 'open_presences', open_presences, NULL, NULL FROM sums
    UNION ALL SELECT 'joining_without_leaving', joinings_alone, NULL, NULL FROM sums
    UNION ALL SELECT 'leaving_without_joining', alone, NULL, NULL FROM leavings
    UNION ALL SELECT 'left_before_joined', inverted, NULL, NULL FROM rows
    UNION ALL SELECT 'time_out_of_bounds', cut, NULL, NULL FROM sums
    UNION ALL SELECT 'no_usable_time', rows.timeless + events.timeless, NULL, NULL FROM rows, events
    UNION ALL SELECT 'removed_participants', removed, NULL, NULL FROM rows
    UNION ALL SELECT 'session_without_end', (s.status = 'ENDED' AND s.ended_at IS NULL)::integer, NULL, NULL
    UNION ALL SELECT 'minutes_disagree',
        (s.status = 'ENDED' AND abs(presence_minutes - s.minutes_consumed) > 0.001 + presences * 0.01 / 60)::integer,
        round(presence_minutes::numeric, 4)::double precision, s.minutes_consumed FROM sums
    UNION ALL SELECT 'peak_disagrees', (s.status = 'ENDED' AND peak.participants <> s.max_concurrent_participants)::integer,
        peak.participants, s.max_concurrent_participants FROM peak
) AS c
WHERE c.findings > 0
UNION ALL
SELECT st.session_id, st.app_id, st.created_at, 'session_not_complete', 1, st.distinct_participants, st.announced_participants
FROM sync.session_states AS st
WHERE st.complete_at IS NULL AND st.status IS DISTINCT FROM 'LIVE'
UNION ALL
SELECT st.session_id, st.app_id, st.created_at, 'erased_participants', st.erased_participants, NULL, NULL
FROM sync.session_states AS st
WHERE st.erased_participants > 0
UNION ALL
SELECT r.session_id, r.app_id, min(s.started_at), 'rejected_records', count(*), NULL, NULL
FROM sync.rejected_records AS r
LEFT JOIN realtimekit.sessions AS s ON s.session_id = r.session_id
WHERE r.resolved_at IS NULL
GROUP BY r.session_id, r.app_id;

CREATE VIEW analytics.sync_freshness AS
SELECT a.app_id, a.name AS app_name, a.account_id, d.discovered_at, d.watermark, d.last_error AS discovery_error,
       r.run_id AS last_run_id, r.status AS last_run_status, r.started_at AS last_run_started_at, r.finished_at AS last_run_finished_at,
       ok.finished_at AS last_success_at,
       round(extract(epoch FROM now() - ok.finished_at), 0)::bigint AS seconds_since_success,
       coalesce(st.sessions, 0) AS sessions, coalesce(st.live_sessions, 0) AS live_sessions,
       coalesce(st.incomplete_sessions, 0) AS incomplete_sessions, st.newest_session_created_at,
       coalesce(rejected.records, 0) AS open_rejected_records, coalesce(stale.sessions, 0) AS stale_sessions
FROM realtimekit.apps AS a
LEFT JOIN sync.app_states AS d ON d.app_id = a.app_id
LEFT JOIN LATERAL (
    SELECT run_id, status, started_at, finished_at FROM sync.runs
    WHERE account_id = a.account_id AND kind = 'run'
    ORDER BY run_id DESC LIMIT 1
) AS r ON true
LEFT JOIN LATERAL (
    SELECT max(finished_at) AS finished_at FROM sync.runs
    WHERE account_id = a.account_id AND kind = 'run' AND status = 'succeeded'
) AS ok ON true
LEFT JOIN (
    SELECT app_id, count(*) AS sessions, count(*) FILTER (WHERE status = 'LIVE') AS live_sessions,
           count(*) FILTER (WHERE complete_at IS NULL AND status IS DISTINCT FROM 'LIVE') AS incomplete_sessions,
           max(created_at) AS newest_session_created_at
    FROM sync.session_states GROUP BY app_id
) AS st ON st.app_id = a.app_id
LEFT JOIN (
    SELECT app_id, count(*) AS records FROM sync.rejected_records WHERE resolved_at IS NULL GROUP BY app_id
) AS rejected ON rejected.app_id = a.app_id
LEFT JOIN (
    SELECT s.app_id, count(DISTINCT q.session_id) AS sessions
    FROM analytics.stale_sessions AS q JOIN realtimekit.sessions AS s ON s.session_id = q.session_id
    GROUP BY s.app_id
) AS stale ON stale.app_id = a.app_id;

COMMENT ON VIEW  analytics.session_bounds IS 'When each session began and ended, as all other views see it. One row a session.';
COMMENT ON COLUMN analytics.session_bounds.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_bounds.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.session_bounds.meeting_id IS 'Meeting that the session is a run of: realtimekit.meetings.meeting_id.';
COMMENT ON COLUMN analytics.session_bounds.meeting_title IS 'Title of the meeting at the time.';
COMMENT ON COLUMN analytics.session_bounds.session_type IS 'meeting, livestream or participant (seen with breakout rooms), as the vendor says.';
COMMENT ON COLUMN analytics.session_bounds.status IS 'LIVE or ENDED.';
COMMENT ON COLUMN analytics.session_bounds.starts_at IS 'Start, UTC: started_at, else created_at of the session.';
COMMENT ON COLUMN analytics.session_bounds.ends_at IS 'End, UTC: ended_at; while LIVE the time at which Rollcall last read the session; else the last time seen in any of its rows that is not more than a day after Rollcall last read it.';
COMMENT ON COLUMN analytics.session_bounds.ends_at_source IS 'Where ends_at comes from: session_ended_at, last_seen (still LIVE) or last_sign (ended, but the vendor gives no end).';
COMMENT ON COLUMN analytics.session_bounds.vendor_peak_participants IS 'Most participants (devices) inside at once as the vendor counts: max_concurrent_participants.';
COMMENT ON COLUMN analytics.session_bounds.vendor_minutes IS 'Participant-minutes as the vendor counts them: minutes_consumed.';
COMMENT ON COLUMN analytics.session_bounds.is_complete IS 'Whether a full reading of the ended session agreed with what the vendor announced.';
COMMENT ON VIEW  analytics.participant_intervals IS 'Presences: one row each time a peer was inside a session, from PEER_JOINING to PEER_LEAVING of the same peer, or from joined_at to left_at of a participant without any PEER_JOINING. Half-open: a person who leaves at 10:00:00.000 is not present at that instant. Presences of one person may overlap.';
COMMENT ON COLUMN analytics.participant_intervals.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.participant_intervals.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.participant_intervals.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
COMMENT ON COLUMN analytics.participant_intervals.peer_id IS 'Peer of the events; null where the presence comes from the participant row. Differs from participant_id after some reconnects.';
COMMENT ON COLUMN analytics.participant_intervals.user_id IS 'Id of the person as enrolled in the meeting.';
COMMENT ON COLUMN analytics.participant_intervals.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.participant_intervals.display_name IS 'Name shown in the session; personal data.';
COMMENT ON COLUMN analytics.participant_intervals.preset_name IS 'Preset (role) of the participant.';
COMMENT ON COLUMN analytics.participant_intervals.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT, as the participant''s joining and leaving events say; null where they do not.';
COMMENT ON COLUMN analytics.participant_intervals.joined_at IS 'Start of the presence, UTC, inclusive; see is_cut.';
COMMENT ON COLUMN analytics.participant_intervals.left_at IS 'End of the presence, UTC, exclusive; see left_at_source and is_cut.';
COMMENT ON COLUMN analytics.participant_intervals.present_seconds IS 'Length of the presence in seconds.';
COMMENT ON COLUMN analytics.participant_intervals.interval_source IS 'peer_events, or participant_row: joined_at and left_at of the participant, for want of a PEER_JOINING.';
COMMENT ON COLUMN analytics.participant_intervals.left_at_source IS 'Where left_at comes from. Recorded: peer_leaving, next_peer_joining (the same peer joined again without leaving), participant_left_at. Assumed: removed_at, session_ended_at, last_seen (still inside when last read), last_sign (last time seen in the session).';
COMMENT ON COLUMN analytics.participant_intervals.is_open IS 'Whether nobody recorded the leaving, so that left_at is assumed.';
COMMENT ON COLUMN analytics.participant_intervals.is_removed IS 'Whether the vendor no longer lists the participant; what was recorded of it still counts.';
COMMENT ON COLUMN analytics.participant_intervals.is_cut IS 'Whether joined_at or left_at was recorded, or assumed, more than a day outside of the session, or left_at more than 31 days after joined_at, and was cut to that.';
COMMENT ON VIEW  analytics.person_presence IS 'Times of a person in a session with overlaps merged: the building block of the views about people. One row a session and person.';
COMMENT ON COLUMN analytics.person_presence.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.person_presence.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
COMMENT ON COLUMN analytics.person_presence.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.person_presence.display_name IS 'Name shown in the session, of the first presence that has one; personal data.';
COMMENT ON COLUMN analytics.person_presence.preset_name IS 'Preset (role) such as student or host, of the first presence that has one.';
COMMENT ON COLUMN analytics.person_presence.first_join_at IS 'First joining, UTC.';
COMMENT ON COLUMN analytics.person_presence.last_leave_at IS 'Last leaving, UTC.';
COMMENT ON COLUMN analytics.person_presence.presence IS 'Times inside as a multirange, overlapping and adjoining ones merged.';
COMMENT ON COLUMN analytics.person_presence.participants IS 'Number of participants (devices) of the person that were inside.';
COMMENT ON COLUMN analytics.person_presence.has_open_presence IS 'Whether the end of a presence is assumed because nobody recorded it.';
COMMENT ON COLUMN analytics.person_presence.is_inside IS 'Whether the person was inside when the live session was last read.';
COMMENT ON COLUMN analytics.person_presence.has_row_presence IS 'Whether a presence comes from the participant row for want of events.';
COMMENT ON VIEW  analytics.person_attendance IS 'Who attended, and for how long. One row a session and person; rejoins and several devices are merged, not added up.';
COMMENT ON COLUMN analytics.person_attendance.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.person_attendance.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
COMMENT ON COLUMN analytics.person_attendance.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.person_attendance.display_name IS 'Name shown in the session, of the first presence that has one; personal data.';
COMMENT ON COLUMN analytics.person_attendance.first_join_at IS 'First joining, UTC.';
COMMENT ON COLUMN analytics.person_attendance.last_leave_at IS 'Last leaving, UTC; for who is still inside, when the session was last read.';
COMMENT ON COLUMN analytics.person_attendance.present_seconds IS 'Seconds inside, each counted once however many devices there were.';
COMMENT ON COLUMN analytics.person_attendance.visits IS 'Number of separate stays; a rejoin that leaves no gap is none. 0 where the person left in the instant of joining.';
COMMENT ON COLUMN analytics.person_attendance.session_share IS 'Share of the session from starts_at to ends_at that the person was inside, 0 to 1; null where the session has no length.';
COMMENT ON COLUMN analytics.person_attendance.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.person_attendance.meeting_id IS 'Meeting that the session is a run of: realtimekit.meetings.meeting_id.';
COMMENT ON COLUMN analytics.person_attendance.meeting_title IS 'Title of the meeting at the time.';
COMMENT ON COLUMN analytics.person_attendance.preset_name IS 'Preset (role) such as student or host, of the first presence that has one.';
COMMENT ON COLUMN analytics.person_attendance.session_starts_at IS 'Start of the session, UTC.';
COMMENT ON COLUMN analytics.person_attendance.session_ends_at IS 'End of the session, UTC; see session_bounds.';
COMMENT ON COLUMN analytics.person_attendance.late_seconds IS 'Seconds from the start of the session to the first joining; negative where the person was there before.';
COMMENT ON COLUMN analytics.person_attendance.left_early_seconds IS 'Seconds from the last leaving to the end of the session; negative where it is after it.';
COMMENT ON COLUMN analytics.person_attendance.participants IS 'Number of participants (devices) of the person that were inside.';
COMMENT ON COLUMN analytics.person_attendance.is_inside IS 'Whether the person was inside when the live session was last read.';
COMMENT ON COLUMN analytics.person_attendance.has_open_presence IS 'Whether the end of a presence is assumed because nobody recorded it.';
COMMENT ON COLUMN analytics.person_attendance.has_row_presence IS 'Whether a presence comes from the participant row for want of events.';
COMMENT ON VIEW  analytics.session_concurrency IS 'How many were inside at once, as steps. One row each time that the number changes; from changed_at until before until_at it stays.';
COMMENT ON COLUMN analytics.session_concurrency.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_concurrency.changed_at IS 'From when the numbers hold, UTC, inclusive.';
COMMENT ON COLUMN analytics.session_concurrency.until_at IS 'Until when they hold, UTC, exclusive; null in the last row, where nobody is left.';
COMMENT ON COLUMN analytics.session_concurrency.present_people IS 'People inside, each counted once.';
COMMENT ON COLUMN analytics.session_concurrency.present_participants IS 'Participants (devices) inside.';
COMMENT ON VIEW  analytics.session_concurrency_minutely IS 'How many were inside, minute by minute, between the first joining and the last leaving within the session. One row a session and minute.';
COMMENT ON COLUMN analytics.session_concurrency_minutely.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_concurrency_minutely.minute_at IS 'Start of the minute, UTC.';
COMMENT ON COLUMN analytics.session_concurrency_minutely.peak_people IS 'Most people inside at once during the minute.';
COMMENT ON COLUMN analytics.session_concurrency_minutely.average_people IS 'People inside on average over the part of the minute that lies within the session and between the first joining and the last leaving.';
COMMENT ON COLUMN analytics.session_concurrency_minutely.peak_participants IS 'Most participants (devices) inside at once during the minute.';
COMMENT ON VIEW  analytics.session_drop_off IS 'Where a session lost its audience: eleven points from its start (0 %) to its end (100 %). One row a session and point; none for a session without length or people.';
COMMENT ON COLUMN analytics.session_drop_off.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_drop_off.elapsed_percent IS 'Percent of the session that has passed: 0, 10 … 100.';
COMMENT ON COLUMN analytics.session_drop_off.point_at IS 'The moment, UTC.';
COMMENT ON COLUMN analytics.session_drop_off.present_people IS 'People inside at that moment. Stays are half-open, so that at 100 % those who stayed to the end have left.';
COMMENT ON COLUMN analytics.session_drop_off.present_share IS 'present_people as a share of session_people, 0 to 1.';
COMMENT ON COLUMN analytics.session_drop_off.joined_people IS 'People who had joined by then.';
COMMENT ON COLUMN analytics.session_drop_off.gone_people IS 'People who had left by then and did not come back.';
COMMENT ON COLUMN analytics.session_drop_off.session_people IS 'People who were in the session at any time.';
COMMENT ON VIEW  analytics.join_latency IS 'How long joining took, and how late it was. One row a participant (device); those turned away in the waiting room have no joined_at.';
COMMENT ON COLUMN analytics.join_latency.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.join_latency.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.join_latency.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
COMMENT ON COLUMN analytics.join_latency.display_name IS 'Name shown in the session; personal data.';
COMMENT ON COLUMN analytics.join_latency.preset_name IS 'Preset (role) of the participant.';
COMMENT ON COLUMN analytics.join_latency.created_event_at IS 'Last PEER_CREATED that is not after the first PEER_JOINING, UTC; null where there is none.';
COMMENT ON COLUMN analytics.join_latency.joining_event_at IS 'First PEER_JOINING, UTC; null where there is none.';
COMMENT ON COLUMN analytics.join_latency.lobby_seconds IS 'Seconds from created_event_at to joining_event_at: set-up screen and waiting room; null where one is missing.';
COMMENT ON COLUMN analytics.join_latency.joined_at IS 'First joining, UTC: joining_event_at, else joined_at of the participant; null where it never joined.';
COMMENT ON COLUMN analytics.join_latency.late_seconds IS 'Seconds from the start of the session to joined_at; negative where it was before.';
COMMENT ON VIEW  analytics.rejoins IS 'People who left and came back, with the time away. One row a session and person with at least one gap between stays.';
COMMENT ON COLUMN analytics.rejoins.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.rejoins.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
COMMENT ON COLUMN analytics.rejoins.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.rejoins.display_name IS 'Name shown in the session, of the first presence that has one; personal data.';
COMMENT ON COLUMN analytics.rejoins.rejoins IS 'How often the person came back after a gap.';
COMMENT ON COLUMN analytics.rejoins.away_seconds IS 'Seconds of all gaps together.';
COMMENT ON COLUMN analytics.rejoins.longest_away_seconds IS 'Seconds of the longest gap.';
COMMENT ON COLUMN analytics.rejoins.first_left_at IS 'Start of the first gap, UTC.';
COMMENT ON COLUMN analytics.rejoins.last_returned_at IS 'End of the last gap, UTC.';
COMMENT ON VIEW  analytics.person_overlap IS 'How long two people were in a session together. One row a session and pair that met; each pair once, person_id before other_person_id. Pairs grow with the square of the people: ask for one session at a time.';
COMMENT ON COLUMN analytics.person_overlap.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.person_overlap.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
COMMENT ON COLUMN analytics.person_overlap.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.person_overlap.display_name IS 'Name shown in the session, of the first presence that has one; personal data.';
COMMENT ON COLUMN analytics.person_overlap.other_person_id IS 'The other person, as person_id.';
COMMENT ON COLUMN analytics.person_overlap.other_custom_participant_id IS 'The other person''s id in your own system; may be personal data.';
COMMENT ON COLUMN analytics.person_overlap.other_display_name IS 'The other person''s name; personal data.';
COMMENT ON COLUMN analytics.person_overlap.together_seconds IS 'Seconds during which both were inside.';
COMMENT ON COLUMN analytics.person_overlap.first_together_at IS 'When both were first inside, UTC.';
COMMENT ON COLUMN analytics.person_overlap.last_together_at IS 'When both were last inside, UTC, exclusive.';
COMMENT ON VIEW  analytics.session_summary IS 'One row a session: its people, peak, time inside, beside what the vendor says.';
COMMENT ON COLUMN analytics.session_summary.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_summary.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.session_summary.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.session_summary.meeting_id IS 'Meeting that the session is a run of: realtimekit.meetings.meeting_id.';
COMMENT ON COLUMN analytics.session_summary.meeting_title IS 'Title of the meeting at the time.';
COMMENT ON COLUMN analytics.session_summary.session_type IS 'meeting, livestream or participant (seen with breakout rooms), as the vendor says.';
COMMENT ON COLUMN analytics.session_summary.status IS 'LIVE or ENDED.';
COMMENT ON COLUMN analytics.session_summary.started_date IS 'Day of starts_at in UTC.';
COMMENT ON COLUMN analytics.session_summary.starts_at IS 'Start, UTC.';
COMMENT ON COLUMN analytics.session_summary.ends_at IS 'End, UTC; see session_bounds.';
COMMENT ON COLUMN analytics.session_summary.ends_at_source IS 'Where ends_at comes from: session_ended_at, last_seen or last_sign.';
COMMENT ON COLUMN analytics.session_summary.session_seconds IS 'Length of the session in seconds.';
COMMENT ON COLUMN analytics.session_summary.unique_people IS 'Different people who were inside.';
COMMENT ON COLUMN analytics.session_summary.participants IS 'Participants (devices) that were inside.';
COMMENT ON COLUMN analytics.session_summary.peak_people IS 'Most people inside at once.';
COMMENT ON COLUMN analytics.session_summary.peak_participants IS 'Most participants (devices) inside at once.';
COMMENT ON COLUMN analytics.session_summary.vendor_peak_participants IS 'The same as the vendor counts it: max_concurrent_participants.';
COMMENT ON COLUMN analytics.session_summary.person_seconds IS 'Seconds inside, summed over people, each second of a person counted once.';
COMMENT ON COLUMN analytics.session_summary.participant_seconds IS 'Seconds inside, summed over presences of participants (devices): what is comparable to vendor_minutes × 60.';
COMMENT ON COLUMN analytics.session_summary.vendor_minutes IS 'Participant-minutes as the vendor counts them: minutes_consumed.';
COMMENT ON COLUMN analytics.session_summary.average_people IS 'People inside on average over the session: person_seconds / session_seconds.';
COMMENT ON COLUMN analytics.session_summary.average_share IS 'Mean of the people''s session_share, 0 to 1.';
COMMENT ON COLUMN analytics.session_summary.rejoins IS 'How often people came back after a gap, in all.';
COMMENT ON COLUMN analytics.session_summary.first_join_at IS 'First joining, UTC; null where nobody came.';
COMMENT ON COLUMN analytics.session_summary.last_leave_at IS 'Last leaving, UTC; null where nobody came.';
COMMENT ON COLUMN analytics.session_summary.open_presences IS 'Presences whose end is assumed because nobody recorded it.';
COMMENT ON COLUMN analytics.session_summary.removed_participants IS 'Participants inside that the vendor no longer lists.';
COMMENT ON COLUMN analytics.session_summary.is_complete IS 'Whether a full reading of the ended session agreed with what the vendor announced.';
COMMENT ON VIEW  analytics.people IS 'People by app, with their latest name and ids. One row an app and person. A user_id belongs to one meeting, so who is enrolled in several has several rows; custom_participant_id joins them.';
COMMENT ON COLUMN analytics.people.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.people.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
COMMENT ON COLUMN analytics.people.user_id IS 'Id of the person as enrolled in a meeting; null where person_id is another id.';
COMMENT ON COLUMN analytics.people.custom_participant_id IS 'The latest id that your own system gave the person; may be personal data.';
COMMENT ON COLUMN analytics.people.display_name IS 'The latest name; personal data.';
COMMENT ON COLUMN analytics.people.preset_name IS 'The latest preset (role).';
COMMENT ON COLUMN analytics.people.first_seen_at IS 'First joined_at, else created_at, of their participants, UTC.';
COMMENT ON COLUMN analytics.people.last_seen_at IS 'Last left_at, else joined_at, else created_at, UTC.';
COMMENT ON COLUMN analytics.people.sessions IS 'Number of sessions that list the person.';
COMMENT ON COLUMN analytics.people.participants IS 'Number of participants (devices) in them.';
COMMENT ON TABLE analytics.session_dates IS 'Which days a session touches: that of its start and those with a presence. Kept by analytics.refresh. Sessions that rollcall retention deleted stay here, and their days are not computed anew.';
COMMENT ON COLUMN analytics.session_dates.session_id IS 'Session: realtimekit.sessions.session_id, where retention has not deleted it.';
COMMENT ON COLUMN analytics.session_dates.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.session_dates.usage_date IS 'Day in UTC.';
COMMENT ON TABLE analytics.usage_days IS 'Usage by day and app, behind the view daily_usage. Kept by analytics.refresh. Stays are cut at midnight UTC.';
COMMENT ON COLUMN analytics.usage_days.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.usage_days.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.usage_days.sessions_started IS 'Sessions that began on the day.';
COMMENT ON COLUMN analytics.usage_days.sessions_active IS 'Sessions in which somebody was inside on the day.';
COMMENT ON COLUMN analytics.usage_days.unique_people IS 'Different people who were inside on the day.';
COMMENT ON COLUMN analytics.usage_days.unique_custom_ids IS 'Different custom_participant_id that were inside on the day: people across meetings, where your system gives everybody one id.';
COMMENT ON COLUMN analytics.usage_days.participants IS 'Participants (devices) that were inside on the day.';
COMMENT ON COLUMN analytics.usage_days.person_seconds IS 'Seconds inside, summed over people; a second in which a person was in several sessions of the app (a breakout room, a second device) counts once.';
COMMENT ON COLUMN analytics.usage_days.participant_seconds IS 'Seconds inside, summed over presences of participants (devices): what the vendor bills.';
COMMENT ON COLUMN analytics.usage_days.vendor_minutes IS 'Participant-minutes as the vendor counts them (minutes_consumed), of the sessions that began on the day; null where it counts none.';
COMMENT ON COLUMN analytics.usage_days.refreshed_at IS 'When the row was computed, UTC.';
COMMENT ON COLUMN analytics.usage_days.peak_people IS 'Most people inside the app at one time of the day, over all of its sessions; with two devices, or in a lesson and its breakout room, a person counts once.';
COMMENT ON COLUMN analytics.usage_days.peak_participants IS 'Most participants (devices) inside the app at one time of the day, over all of its sessions.';
COMMENT ON TABLE analytics.usage_preset_days IS 'Usage by day, app, preset and view type, behind the view preset_usage. Kept by analytics.refresh.';
COMMENT ON COLUMN analytics.usage_preset_days.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.usage_preset_days.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.usage_preset_days.preset_name IS 'Preset (role); null where the participant has none.';
COMMENT ON COLUMN analytics.usage_preset_days.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.usage_preset_days.sessions IS 'Sessions in which somebody with the preset was inside.';
COMMENT ON COLUMN analytics.usage_preset_days.unique_people IS 'Different people who were inside with the preset.';
COMMENT ON COLUMN analytics.usage_preset_days.participants IS 'Participants (devices) inside with the preset.';
COMMENT ON COLUMN analytics.usage_preset_days.person_seconds IS 'Seconds inside, summed over people; a second in which a person was in several sessions of the app (a breakout room, a second device) counts once.';
COMMENT ON COLUMN analytics.usage_preset_days.participant_seconds IS 'Seconds inside, summed over presences of participants (devices): what the vendor bills.';
COMMENT ON COLUMN analytics.usage_preset_days.refreshed_at IS 'When the row was computed, UTC.';
COMMENT ON TABLE analytics.prices IS 'Your prices by participant-minute, edited by you; empty as shipped. The most specific row counts: app before preset before view type; of those the newest that is valid on the day.';
COMMENT ON COLUMN analytics.prices.price_id IS 'Number of the price.';
COMMENT ON COLUMN analytics.prices.app_id IS 'App that the price is for; null for all.';
COMMENT ON COLUMN analytics.prices.preset_name IS 'Preset that the price is for; null for all.';
COMMENT ON COLUMN analytics.prices.preset_view_type IS 'View type that the price is for, such as AUDIO_ROOM; null for all.';
COMMENT ON COLUMN analytics.prices.valid_from IS 'First day of validity, UTC.';
COMMENT ON COLUMN analytics.prices.price_per_minute IS 'Price of one participant-minute, in the currency.';
COMMENT ON COLUMN analytics.prices.currency IS 'Currency as its three-letter ISO 4217 code.';
COMMENT ON TABLE analytics.stale_sessions IS 'Sessions whose days analytics.refresh has to compute anew. One row a change; gone when done.';
COMMENT ON COLUMN analytics.stale_sessions.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.stale_sessions.queued_at IS 'When the change was made, UTC.';
COMMENT ON COLUMN analytics.stale_sessions.started_at IS 'Start of the session, UTC: the oldest are taken first, those without a start before them.';
COMMENT ON VIEW  analytics.presence_by_day IS 'Presences cut at midnight UTC: participant time by day. One row a presence and day. As current as the last analytics.refresh; unlike the usage tables it is computed when asked.';
COMMENT ON COLUMN analytics.presence_by_day.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.presence_by_day.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.presence_by_day.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.presence_by_day.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.presence_by_day.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
COMMENT ON COLUMN analytics.presence_by_day.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.presence_by_day.preset_name IS 'Preset (role) of the participant.';
COMMENT ON COLUMN analytics.presence_by_day.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.presence_by_day.from_at IS 'Start of the presence on that day, UTC, inclusive.';
COMMENT ON COLUMN analytics.presence_by_day.to_at IS 'End of the presence on that day, UTC, exclusive.';
COMMENT ON COLUMN analytics.presence_by_day.present_seconds IS 'Length of the presence on that day in seconds.';
COMMENT ON VIEW  analytics.daily_usage IS 'Usage by day and app. Stays are cut at midnight UTC. Computed at the end of each run, for the days that changed.';
COMMENT ON COLUMN analytics.daily_usage.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.daily_usage.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.daily_usage.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.daily_usage.sessions_started IS 'Sessions that began on the day.';
COMMENT ON COLUMN analytics.daily_usage.sessions_active IS 'Sessions in which somebody was inside on the day.';
COMMENT ON COLUMN analytics.daily_usage.unique_people IS 'Different people who were inside on the day.';
COMMENT ON COLUMN analytics.daily_usage.unique_custom_ids IS 'Different custom_participant_id that were inside on the day: people across meetings, where your system gives everybody one id.';
COMMENT ON COLUMN analytics.daily_usage.participants IS 'Participants (devices) that were inside on the day.';
COMMENT ON COLUMN analytics.daily_usage.person_seconds IS 'Seconds inside, summed over people; a second in which a person was in several sessions of the app (a breakout room, a second device) counts once.';
COMMENT ON COLUMN analytics.daily_usage.participant_seconds IS 'Seconds inside, summed over presences of participants (devices): what the vendor bills.';
COMMENT ON COLUMN analytics.daily_usage.vendor_minutes IS 'Participant-minutes as the vendor counts them (minutes_consumed), of the sessions that began on the day; null where it counts none.';
COMMENT ON COLUMN analytics.daily_usage.refreshed_at IS 'When the row was computed, UTC.';
COMMENT ON COLUMN analytics.daily_usage.peak_people IS 'Most people inside the app at one time of the day, over all of its sessions; with two devices, or in a lesson and its breakout room, a person counts once.';
COMMENT ON COLUMN analytics.daily_usage.peak_participants IS 'Most participants (devices) inside the app at one time of the day, over all of its sessions.';
COMMENT ON VIEW  analytics.preset_usage IS 'Usage by day, app, preset and view type. Computed at the end of each run, for the days that changed.';
COMMENT ON COLUMN analytics.preset_usage.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.preset_usage.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.preset_usage.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.preset_usage.preset_name IS 'Preset (role); null where the participant has none.';
COMMENT ON COLUMN analytics.preset_usage.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.preset_usage.sessions IS 'Sessions in which somebody with the preset was inside.';
COMMENT ON COLUMN analytics.preset_usage.unique_people IS 'Different people who were inside with the preset.';
COMMENT ON COLUMN analytics.preset_usage.participants IS 'Participants (devices) inside with the preset.';
COMMENT ON COLUMN analytics.preset_usage.person_seconds IS 'Seconds inside, summed over people; a second in which a person was in several sessions of the app (a breakout room, a second device) counts once.';
COMMENT ON COLUMN analytics.preset_usage.participant_seconds IS 'Seconds inside, summed over presences of participants (devices): what the vendor bills.';
COMMENT ON COLUMN analytics.preset_usage.refreshed_at IS 'When the row was computed, UTC.';
COMMENT ON VIEW  analytics.usage_cost IS 'Estimated cost by day, app, preset and view type: participant-minutes × your price in analytics.prices. Without a price that fits there is no cost, not a cost of 0.';
COMMENT ON COLUMN analytics.usage_cost.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.usage_cost.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.usage_cost.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.usage_cost.preset_name IS 'Preset (role); null where the participant has none.';
COMMENT ON COLUMN analytics.usage_cost.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.usage_cost.participant_minutes IS 'Minutes inside, summed over presences of participants (devices), four decimals.';
COMMENT ON COLUMN analytics.usage_cost.price_per_minute IS 'Price of one participant-minute that was used, in the currency; null where none fits.';
COMMENT ON COLUMN analytics.usage_cost.currency IS 'Currency of the price, ISO 4217.';
COMMENT ON COLUMN analytics.usage_cost.cost_amount IS 'participant_minutes × price_per_minute in the currency, six decimals; null where no price fits.';
COMMENT ON COLUMN analytics.usage_cost.price_id IS 'Price that was used: analytics.prices.price_id.';
COMMENT ON VIEW  analytics.data_quality IS 'What to know before trusting a number. One row a session and check that found something. Checks: repaired_values (records with a mended value), rejected_records (set aside, not stored), open_presences (leaving not recorded), joining_without_leaving and leaving_without_joining (moments of peer events without a partner), left_before_joined, time_out_of_bounds (presences with a time more than a day outside of the session, or of more than 31 days, which were cut), no_usable_time (participants or events without a time), removed_participants (no longer listed by the vendor), session_without_end, minutes_disagree (our participant-minutes against minutes_consumed), peak_disagrees (our peak against max_concurrent_participants), session_not_complete (a full reading did not agree with the announced number), erased_participants (people who were erased, so that minutes and peak lie below the vendor''s).';
COMMENT ON COLUMN analytics.data_quality.session_id IS 'Session: realtimekit.sessions.session_id; null for a rejected record whose session is not known.';
COMMENT ON COLUMN analytics.data_quality.app_id IS 'App; null for a rejected record whose app is not known.';
COMMENT ON COLUMN analytics.data_quality.started_at IS 'Start of the session, UTC; for session_not_complete and erased_participants its creation.';
COMMENT ON COLUMN analytics.data_quality.check_name IS 'Name of the check; see the description of the view.';
COMMENT ON COLUMN analytics.data_quality.findings IS 'How many records or moments it found; 1 where it concerns the session as a whole.';
COMMENT ON COLUMN analytics.data_quality.measured_value IS 'What Rollcall counts: minutes, participants at once, or participants; null for checks without a comparison.';
COMMENT ON COLUMN analytics.data_quality.vendor_value IS 'What the vendor says, in the same unit.';
COMMENT ON VIEW  analytics.sync_freshness IS 'How current the warehouse is. One row an app.';
COMMENT ON COLUMN analytics.sync_freshness.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.sync_freshness.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.sync_freshness.account_id IS 'Cloudflare account of the app.';
COMMENT ON COLUMN analytics.sync_freshness.discovered_at IS 'When a list of the app''s sessions was last read to its end, UTC.';
COMMENT ON COLUMN analytics.sync_freshness.watermark IS 'Creation time of the newest session that was listed and dealt with, UTC.';
COMMENT ON COLUMN analytics.sync_freshness.discovery_error IS 'Why the last discovery did not come to its end; null otherwise.';
COMMENT ON COLUMN analytics.sync_freshness.last_run_id IS 'Newest run of the account: sync.runs.run_id.';
COMMENT ON COLUMN analytics.sync_freshness.last_run_status IS 'Its status: running, succeeded, partial, failed or abandoned.';
COMMENT ON COLUMN analytics.sync_freshness.last_run_started_at IS 'When it began, UTC.';
COMMENT ON COLUMN analytics.sync_freshness.last_run_finished_at IS 'When it ended, UTC; null while it runs.';
COMMENT ON COLUMN analytics.sync_freshness.last_success_at IS 'When a run of the account last ended with status succeeded, UTC.';
COMMENT ON COLUMN analytics.sync_freshness.seconds_since_success IS 'Whole seconds from last_success_at to the time of the query.';
COMMENT ON COLUMN analytics.sync_freshness.sessions IS 'Sessions seen.';
COMMENT ON COLUMN analytics.sync_freshness.live_sessions IS 'Sessions that were LIVE when last read.';
COMMENT ON COLUMN analytics.sync_freshness.incomplete_sessions IS 'Ended sessions of which no full reading agreed with what the vendor announced.';
COMMENT ON COLUMN analytics.sync_freshness.newest_session_created_at IS 'Creation time of the newest session seen, UTC.';
COMMENT ON COLUMN analytics.sync_freshness.open_rejected_records IS 'Records set aside and not resolved.';
COMMENT ON COLUMN analytics.sync_freshness.stale_sessions IS 'Changed sessions that are not yet in daily_usage and preset_usage.';
COMMENT ON FUNCTION analytics.refresh(integer) IS 'Computes anew the days of at most so many changed sessions, but none of which rollcall retention deleted a session, in one transaction, and gives how many it took; 0 when there is nothing to do or another is doing it. Rollcall calls it at the end of each run.';
COMMENT ON FUNCTION analytics.queue_read_session() IS 'Trigger: queues a session that a run has changed.';
COMMENT ON FUNCTION analytics.queue_deleted_rows() IS 'Trigger: queues the sessions of rows that were deleted.';

-- +goose Down
DROP TRIGGER queue_deleted_rows ON realtimekit.peer_events;
DROP TRIGGER queue_deleted_rows ON realtimekit.participants;
DROP TRIGGER queue_deleted_rows ON realtimekit.sessions;
DROP TRIGGER queue_read_session ON sync.run_sessions;
DROP SCHEMA analytics CASCADE;

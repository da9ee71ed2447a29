-- A day's curve is a tree: the day, which begins at its midnight UTC whatever the app's
-- time zone, the hours that touch it, minutes and seconds, as deep as there are steps. A leaf holds steps (instant, change); any other node has for each child
-- with steps its sum and the highest that it reaches. So a change touches the leaves
-- that it falls into and their parents, and the day's peak stands at the root. Steps
-- come minute by minute, and go down together: there may be hundreds of thousands.
CREATE OR REPLACE FUNCTION analytics.add_to_curves(minutes analytics.curve_minute[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET work_mem = '32MB'
AS $$
DECLARE
    most_steps CONSTANT integer := 512;
    widths     CONSTANT integer[] := '{86400,3600,60,1}';
    pending    analytics.curve_minute[] := minutes;
    deeper     analytics.curve_minute[];
    written    analytics.usage_curves[];
    touched    analytics.usage_curves[] := '{}';
    width      integer;
    level      integer := 0;
BEGIN
    FOREACH width IN ARRAY widths LOOP
        level := level + 1;
        EXIT WHEN pending IS NULL OR cardinality(pending) = 0;
        IF width = 1 THEN
            SELECT array_agg(row(app_id, usage_date, starts_at, step_at, people, participants)::analytics.curve_minute) INTO pending
            FROM (SELECT p.app_id, p.usage_date, date_trunc('second', s.step_at) AS starts_at, array_agg(s.step_at) AS step_at,
                         array_agg(s.people) AS people, array_agg(s.participants) AS participants
                  FROM unnest(pending) AS p CROSS JOIN LATERAL unnest(p.step_at, p.people, p.participants) AS s (step_at, people, participants)
                  GROUP BY 1, 2, 3) AS s;
        END IF;
        -- What belongs to a node that has children goes down to them, and so does what
        -- would make a leaf too large, together with what is in it.
        WITH fallen AS MATERIALIZED (
            SELECT n.node_at, p.*
            FROM unnest(pending) AS p
            CROSS JOIN LATERAL (SELECT CASE level WHEN 1 THEN p.usage_date::timestamptz ELSE date_bin(make_interval(secs => width), p.starts_at, timestamptz '2000-01-01Z') END) AS n (node_at)
        ), nodes AS MATERIALIZED (
            SELECT f.app_id, f.usage_date, f.node_at, n.step_at IS NOT NULL AS is_there,
                   NOT coalesce(n.is_leaf, true) OR width > 1 AND f.steps + coalesce(cardinality(n.step_at), 0) > most_steps AS is_deeper
            FROM (SELECT app_id, usage_date, node_at, sum(cardinality(step_at)) AS steps FROM fallen GROUP BY 1, 2, 3) AS f
            LEFT JOIN analytics.usage_curves AS n
                ON n.app_id = f.app_id AND n.usage_date = f.usage_date AND n.seconds = width AND n.starts_at = f.node_at
        ), burst AS (
            INSERT INTO analytics.usage_curves AS n
            SELECT app_id, usage_date, width, node_at, false, 0, 0, 0, 0, '{}', '{}', '{}', '{}', '{}' FROM nodes WHERE is_deeper
            ON CONFLICT (app_id, usage_date, seconds, starts_at) DO UPDATE
            SET is_leaf = false, step_at = '{}', people = '{}', participants = '{}' WHERE n.is_leaf
        ), parts AS (
            SELECT f.app_id, f.usage_date, f.starts_at, f.step_at, f.people, f.participants, n.is_deeper
            FROM fallen AS f JOIN nodes AS n ON n.app_id = f.app_id AND n.usage_date = f.usage_date AND n.node_at = f.node_at
            UNION ALL
            SELECT n.app_id, n.usage_date, date_bin(interval '1 minute', s.step_at, timestamptz '2000-01-01Z'), array_agg(s.step_at), array_agg(s.people), array_agg(s.participants), true
            FROM nodes AS n
            JOIN analytics.usage_curves AS c ON c.app_id = n.app_id AND c.usage_date = n.usage_date AND c.seconds = width AND c.starts_at = n.node_at
            CROSS JOIN LATERAL unnest(c.step_at, c.people, c.participants) AS s (step_at, people, participants)
            WHERE n.is_deeper AND c.is_leaf
            GROUP BY 1, 2, 3
        )
        SELECT array_agg(row(app_id, usage_date, starts_at, step_at, people, participants)::analytics.curve_minute) FILTER (WHERE is_deeper),
               array_agg(row(app_id, usage_date, starts_at, step_at, people, participants)::analytics.curve_minute) FILTER (WHERE NOT is_deeper)
        INTO deeper, pending
        FROM parts;
        IF pending IS NULL THEN
            pending := deeper;
            CONTINUE;
        END IF;
        WITH parts AS MATERIALIZED (
            SELECT dense_rank() OVER (ORDER BY p.usage_date, p.app_id, n.node_at) AS leaf_no, n.node_at, p.*
            FROM unnest(pending) AS p
            CROSS JOIN LATERAL (SELECT CASE level WHEN 1 THEN p.usage_date::timestamptz ELSE date_bin(make_interval(secs => width), p.starts_at, timestamptz '2000-01-01Z') END) AS n (node_at)
        ), leaves AS MATERIALIZED (
            SELECT DISTINCT leaf_no, app_id, usage_date, node_at FROM parts
        ), summed AS (
            SELECT leaf_no, step_at, sum(people)::integer AS people, sum(participants)::integer AS participants
            FROM (SELECT p.leaf_no, s.step_at, s.people, s.participants
                  FROM parts AS p CROSS JOIN LATERAL unnest(p.step_at, p.people, p.participants) AS s (step_at, people, participants)
                  UNION ALL
                  SELECT l.leaf_no, s.step_at, s.people, s.participants
                  FROM leaves AS l
                  JOIN analytics.usage_curves AS n ON n.app_id = l.app_id AND n.usage_date = l.usage_date AND n.seconds = width AND n.starts_at = l.node_at
                  CROSS JOIN LATERAL unnest(n.step_at, n.people, n.participants) AS s (step_at, people, participants)) AS s
            GROUP BY 1, 2
        ), so_far AS (
            SELECT *, sum(people) OVER w AS people_then, sum(participants) OVER w AS participants_then
            FROM summed WINDOW w AS (PARTITION BY leaf_no ORDER BY step_at)
        ), summary AS (
            -- In order, so that the arrays are.
            SELECT leaf_no, sum(people) AS net_people, max(people_then) AS high_people,
                   sum(participants) AS net_participants, max(participants_then) AS high_participants,
                   coalesce(array_agg(step_at) FILTER (WHERE people <> 0 OR participants <> 0), '{}') AS step_at,
                   coalesce(array_agg(people) FILTER (WHERE people <> 0 OR participants <> 0), '{}') AS people,
                   coalesce(array_agg(participants) FILTER (WHERE people <> 0 OR participants <> 0), '{}') AS participants
            FROM (SELECT * FROM so_far ORDER BY leaf_no, step_at) AS s GROUP BY 1
        )
        SELECT array_agg(row(l.app_id, l.usage_date, width, l.node_at, true, s.net_people, s.high_people, s.net_participants, s.high_participants,
                             s.step_at, s.people, '{}', s.participants, '{}')::analytics.usage_curves)
        INTO written
        FROM leaves AS l JOIN summary AS s ON s.leaf_no = l.leaf_no;
        DELETE FROM analytics.usage_curves AS n USING unnest(written) AS w
        WHERE (n.app_id, n.usage_date, n.seconds, n.starts_at) = (w.app_id, w.usage_date, w.seconds, w.starts_at) AND cardinality(w.step_at) = 0;
        INSERT INTO analytics.usage_curves AS n SELECT w.* FROM unnest(written) AS w WHERE cardinality(w.step_at) > 0
        ON CONFLICT (app_id, usage_date, seconds, starts_at) DO UPDATE
        SET net_people = excluded.net_people, high_people = excluded.high_people, net_participants = excluded.net_participants,
            high_participants = excluded.high_participants, step_at = excluded.step_at, people = excluded.people, participants = excluded.participants;
        touched := touched || (SELECT array_agg(row(w.app_id, w.usage_date, w.seconds, w.starts_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::analytics.usage_curves)
                               FROM unnest(written) AS w);
        pending := deeper;
    END LOOP;

    -- From the children up.
    FOR level IN REVERSE 3..1 LOOP
        width := widths[level];
        WITH child AS (
            SELECT DISTINCT app_id, usage_date, starts_at,
                   CASE level WHEN 1 THEN usage_date::timestamptz ELSE date_bin(make_interval(secs => width), starts_at, timestamptz '2000-01-01Z') END AS parent_at
            FROM unnest(touched) WHERE seconds = widths[level + 1]
        ), parent AS (
            SELECT n.app_id, n.usage_date, n.starts_at, n.step_at, n.people, n.people_high, n.participants, n.participants_high
            FROM (SELECT DISTINCT app_id, usage_date, parent_at FROM child) AS c
            JOIN analytics.usage_curves AS n ON n.app_id = c.app_id AND n.usage_date = c.usage_date AND n.seconds = width AND n.starts_at = c.parent_at
            WHERE NOT n.is_leaf
        ), entries AS (
            SELECT p.app_id, p.usage_date, p.starts_at, s.*
            FROM parent AS p
            CROSS JOIN LATERAL unnest(p.step_at, p.people, p.people_high, p.participants, p.participants_high)
                AS s (step_at, people, people_high, participants, participants_high)
            WHERE NOT EXISTS (SELECT FROM child AS c WHERE c.app_id = p.app_id AND c.usage_date = p.usage_date AND c.starts_at = s.step_at)
            UNION ALL
            SELECT c.app_id, c.usage_date, c.parent_at, c.starts_at, n.net_people, n.high_people, n.net_participants, n.high_participants
            FROM child AS c
            JOIN analytics.usage_curves AS n ON n.app_id = c.app_id AND n.usage_date = c.usage_date AND n.seconds = widths[level + 1] AND n.starts_at = c.starts_at
        ), so_far AS (
            SELECT *, sum(people) OVER w - people AS people_before, sum(participants) OVER w - participants AS participants_before
            FROM entries WINDOW w AS (PARTITION BY app_id, usage_date, starts_at ORDER BY step_at)
        )
        SELECT array_agg(row(app_id, usage_date, width, starts_at, false, net_people, high_people, net_participants, high_participants,
                             step_at, people, people_high, participants, participants_high)::analytics.usage_curves)
        INTO written
        FROM (
            SELECT p.app_id, p.usage_date, p.starts_at, coalesce(sum(e.people), 0) AS net_people, coalesce(max(e.people_before + e.people_high), 0) AS high_people,
                   coalesce(sum(e.participants), 0) AS net_participants, coalesce(max(e.participants_before + e.participants_high), 0) AS high_participants,
                   coalesce(array_agg(e.step_at ORDER BY e.step_at) FILTER (WHERE e.step_at IS NOT NULL), '{}') AS step_at,
                   coalesce(array_agg(e.people ORDER BY e.step_at) FILTER (WHERE e.step_at IS NOT NULL), '{}') AS people,
                   coalesce(array_agg(e.people_high ORDER BY e.step_at) FILTER (WHERE e.step_at IS NOT NULL), '{}') AS people_high,
                   coalesce(array_agg(e.participants ORDER BY e.step_at) FILTER (WHERE e.step_at IS NOT NULL), '{}') AS participants,
                   coalesce(array_agg(e.participants_high ORDER BY e.step_at) FILTER (WHERE e.step_at IS NOT NULL), '{}') AS participants_high
            FROM parent AS p LEFT JOIN so_far AS e USING (app_id, usage_date, starts_at)
            GROUP BY 1, 2, 3
        ) AS node;
        CONTINUE WHEN written IS NULL;
        DELETE FROM analytics.usage_curves AS n USING unnest(written) AS w
        WHERE (n.app_id, n.usage_date, n.seconds, n.starts_at) = (w.app_id, w.usage_date, w.seconds, w.starts_at) AND cardinality(w.step_at) = 0;
        UPDATE analytics.usage_curves AS n
        SET net_people = w.net_people, high_people = w.high_people, net_participants = w.net_participants, high_participants = w.high_participants,
            step_at = w.step_at, people = w.people, people_high = w.people_high, participants = w.participants, participants_high = w.participants_high
        FROM unnest(written) AS w
        WHERE (n.app_id, n.usage_date, n.seconds, n.starts_at) = (w.app_id, w.usage_date, w.seconds, w.starts_at) AND cardinality(w.step_at) > 0;
        touched := touched || (SELECT array_agg(row(w.app_id, w.usage_date, w.seconds, w.starts_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::analytics.usage_curves)
                               FROM unnest(written) AS w);
    END LOOP;
END
$$;
COMMENT ON FUNCTION analytics.add_to_curves(analytics.curve_minute[]) IS 'Adds steps to the curves of days (analytics.usage_curves), or takes them away where they are negative. Called by analytics.count_sessions.';

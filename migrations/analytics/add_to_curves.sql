-- A day's curve is a tree: the day, its hours, minutes and seconds, as deep as there
-- are steps. A leaf holds steps (instant, change); any other node has for each child
-- with steps its sum and the highest that it reaches. So a change touches the leaves
-- that it falls into and their parents, and the day's peak stands at the root.
CREATE OR REPLACE FUNCTION analytics.add_to_curves(steps analytics.curve_step[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
AS $$
DECLARE
    most_steps CONSTANT integer := 512;
    widths     CONSTANT integer[] := '{86400,3600,60,1}';
    pending    analytics.curve_step[] := steps;
    deeper     analytics.curve_step[];
    written    analytics.usage_curves[];
    touched    analytics.usage_curves[] := '{}';
    width      integer;
    level      integer := 0;
BEGIN
    FOREACH width IN ARRAY widths LOOP
        level := level + 1;
        EXIT WHEN pending IS NULL OR cardinality(pending) = 0;
        -- What belongs to a node that has children goes down to them, and so does what
        -- would make a leaf too large, together with what is in it.
        WITH fallen AS MATERIALIZED (
            SELECT app_id, usage_date, date_bin(make_interval(secs => width), step_at, timestamptz '2000-01-01Z') AS starts_at, step_at, people, participants
            FROM unnest(pending)
        ), nodes AS MATERIALIZED (
            SELECT f.app_id, f.usage_date, f.starts_at, n.step_at IS NOT NULL AS is_there,
                   NOT coalesce(n.is_leaf, true) OR width > 1 AND f.steps + coalesce(cardinality(n.step_at), 0) > most_steps AS is_deeper
            FROM (SELECT app_id, usage_date, starts_at, count(*) AS steps FROM fallen GROUP BY 1, 2, 3) AS f
            LEFT JOIN analytics.usage_curves AS n
                ON n.app_id = f.app_id AND n.usage_date = f.usage_date AND n.seconds = width AND n.starts_at = f.starts_at
        ), burst AS (
            INSERT INTO analytics.usage_curves AS n
            SELECT app_id, usage_date, width, starts_at, false, 0, 0, 0, 0, '{}', '{}', '{}', '{}', '{}' FROM nodes WHERE is_deeper
            ON CONFLICT (app_id, usage_date, seconds, starts_at) DO UPDATE
            SET is_leaf = false, step_at = '{}', people = '{}', participants = '{}' WHERE n.is_leaf
        ), steps AS (
            SELECT f.app_id, f.usage_date, f.step_at, f.people, f.participants, n.is_deeper
            FROM fallen AS f JOIN nodes AS n ON n.app_id = f.app_id AND n.usage_date = f.usage_date AND n.starts_at = f.starts_at
            UNION ALL
            SELECT n.app_id, n.usage_date, s.step_at, s.people, s.participants, true
            FROM nodes AS n
            JOIN analytics.usage_curves AS c ON c.app_id = n.app_id AND c.usage_date = n.usage_date AND c.seconds = width AND c.starts_at = n.starts_at
            CROSS JOIN LATERAL unnest(c.step_at, c.people, c.participants) AS s (step_at, people, participants)
            WHERE n.is_deeper AND c.is_leaf
        )
        SELECT array_agg(row(app_id, usage_date, step_at, people, participants)::analytics.curve_step) FILTER (WHERE is_deeper),
               array_agg(row(app_id, usage_date, step_at, people, participants)::analytics.curve_step) FILTER (WHERE NOT is_deeper)
        INTO deeper, pending
        FROM steps;
        IF pending IS NULL THEN
            pending := deeper;
            CONTINUE;
        END IF;
        WITH own AS (
            SELECT app_id, usage_date, date_bin(make_interval(secs => width), step_at, timestamptz '2000-01-01Z') AS starts_at,
                   step_at, sum(people) AS people, sum(participants) AS participants
            FROM unnest(pending) GROUP BY 1, 2, 3, 4
        ), both_ AS (
            SELECT * FROM own
            UNION ALL
            SELECT n.app_id, n.usage_date, n.starts_at, s.step_at, s.people, s.participants
            FROM (SELECT DISTINCT app_id, usage_date, starts_at FROM own) AS o
            JOIN analytics.usage_curves AS n ON n.app_id = o.app_id AND n.usage_date = o.usage_date AND n.seconds = width AND n.starts_at = o.starts_at
            CROSS JOIN LATERAL unnest(n.step_at, n.people, n.participants) AS s (step_at, people, participants)
        ), summed AS (
            SELECT app_id, usage_date, starts_at, step_at, sum(people)::integer AS people, sum(participants)::integer AS participants
            FROM both_ GROUP BY 1, 2, 3, 4
        ), so_far AS (
            SELECT *, sum(people) OVER w AS people_then, sum(participants) OVER w AS participants_then
            FROM summed WINDOW w AS (PARTITION BY app_id, usage_date, starts_at ORDER BY step_at)
        )
        SELECT array_agg(row(app_id, usage_date, width, starts_at, true, net_people, high_people, net_participants, high_participants,
                             step_at, people, '{}', participants, '{}')::analytics.usage_curves)
        INTO written
        FROM (
            SELECT app_id, usage_date, starts_at, sum(people) AS net_people, max(people_then) AS high_people,
                   sum(participants) AS net_participants, max(participants_then) AS high_participants,
                   coalesce(array_agg(step_at ORDER BY step_at) FILTER (WHERE people <> 0 OR participants <> 0), '{}') AS step_at,
                   coalesce(array_agg(people ORDER BY step_at) FILTER (WHERE people <> 0 OR participants <> 0), '{}') AS people,
                   coalesce(array_agg(participants ORDER BY step_at) FILTER (WHERE people <> 0 OR participants <> 0), '{}') AS participants
            FROM so_far GROUP BY 1, 2, 3
        ) AS leaf;
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
            SELECT DISTINCT app_id, usage_date, starts_at, date_bin(make_interval(secs => width), starts_at, timestamptz '2000-01-01Z') AS parent_at
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
COMMENT ON FUNCTION analytics.add_to_curves(analytics.curve_step[]) IS 'Adds steps to the curves of days (analytics.usage_curves), or takes them away where they are negative. Called by analytics.count_sessions.';

-- Counts by difference: what a session added to its days when it was last counted
-- stands in session_dates and is taken away, what it has now is added. Only who is in
-- several sessions of a day is looked at across sessions, by their own rows.
CREATE OR REPLACE FUNCTION analytics.count_sessions(session_ids uuid[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
SET enable_material = off
SET enable_seqscan = off
-- A batch has hundreds of thousands of people and steps, of which the planner knows nothing.
SET work_mem = '32MB'
AS $$
DECLARE
    before analytics.session_dates[];
    after  analytics.session_dates[];
    shared_before analytics.shared_person_days[];
    shared_after  analytics.shared_person_days[];
    uncounted analytics.usage_ids[]; -- app and day
    day    analytics.usage_ids;
    figures analytics.session_figures[];
    lost   uuid[];
    minutes analytics.curve_minute[];
    ids_there analytics.usage_ids[];
    ids_added analytics.usage_ids[];
    ids_doubted analytics.usage_ids[]; -- that may be of nobody any more
    ids_gone  analytics.usage_ids[];
BEGIN
    LOOP
        -- What the sessions add to each day now.
        -- Read by themselves: what makes rows of types that only this node knows must not
        -- be sent to another, as the whole of a query about one session is.
        SELECT array_agg(f) INTO figures FROM analytics.session_figures AS f WHERE f.session_id = ANY (session_ids);
        WITH whole AS (
            SELECT f.session_id, d.usage_date, d.people, d.us
            FROM unnest(figures) AS f CROSS JOIN LATERAL unnest(f.days, f.day_people, f.day_us) AS d (usage_date, people, us)
        ), by_preset AS (
            SELECT session_id, usage_date, sum(participants)::integer AS participants, sum(participant_us)::bigint AS participant_us,
                   array_agg(name) AS names, array_agg(view_type) AS view_types, array_agg(people) AS preset_people,
                   array_agg(person_us) AS preset_person_us, array_agg(participants) AS preset_participants, array_agg(participant_us) AS preset_participant_us
            FROM (SELECT f.session_id, d.*
                  FROM unnest(figures) AS f
                  CROSS JOIN LATERAL unnest(f.preset_days, f.preset_names, f.preset_view_types, f.preset_people, f.preset_person_us,
                                            f.preset_participants, f.preset_participant_us)
                      AS d (usage_date, name, view_type, people, person_us, participants, participant_us)
                  ORDER BY d.name COLLATE "C", d.view_type COLLATE "C") AS p
            GROUP BY 1, 2
        ), days AS (
            SELECT session_id, usage_date FROM by_preset
            UNION
            SELECT session_id, (starts_at AT TIME ZONE 'UTC')::date FROM unnest(figures) WHERE starts_at IS NOT NULL
        ), curves AS (
            -- At the start of the day those come who are inside already.
            SELECT d.session_id, d.usage_date, c.step_at, c.people, c.participants
            FROM days AS d
            JOIN unnest(figures) AS f ON f.session_id = d.session_id
            CROSS JOIN LATERAL (SELECT d.usage_date::timestamptz AS from_at, d.usage_date::timestamptz + interval '24 hours' AS to_at
                                OFFSET 0) AS k -- once a day, not once a step
            CROSS JOIN LATERAL (
                SELECT array_agg(step_at) AS step_at, array_agg(people) AS people, array_agg(participants) AS participants
                FROM (SELECT greatest(s.step_at, k.from_at) AS step_at,
                             s.people - CASE WHEN s.step_at > k.from_at THEN s.people_before ELSE 0 END AS people,
                             s.participants - CASE WHEN s.step_at > k.from_at THEN s.participants_before ELSE 0 END AS participants
                      FROM unnest(f.step_at, f.step_at[2:], f.step_people, f.step_participants, 0 || f.step_people, 0 || f.step_participants)
                          AS s (step_at, until_at, people, participants, people_before, participants_before)
                      WHERE s.step_at < k.to_at AND coalesce(s.until_at > k.from_at, true)) AS s
                WHERE people <> 0 OR participants <> 0) AS c
        )
        SELECT array_agg(row(f.session_id, f.app_id, d.usage_date, k.is_start, CASE WHEN k.is_start THEN f.vendor_minutes::numeric END,
                   coalesce(w.people, 0), coalesce(w.us, 0), coalesce(p.participants, 0), coalesce(p.participant_us, 0),
                   coalesce(p.names, '{}'), coalesce(p.view_types, '{}'), coalesce(p.preset_people, '{}'), coalesce(p.preset_person_us, '{}'),
                   coalesce(p.preset_participants, '{}'), coalesce(p.preset_participant_us, '{}'),
                   coalesce(c.step_at, '{}'), coalesce(c.people, '{}'), coalesce(c.participants, '{}'), false, 'UTC')::analytics.session_dates)
        INTO after
        FROM days AS d
        JOIN unnest(figures) AS f ON f.session_id = d.session_id
        CROSS JOIN LATERAL (SELECT coalesce(d.usage_date = (f.starts_at AT TIME ZONE 'UTC')::date, false) AS is_start) AS k
        LEFT JOIN whole AS w ON w.session_id = d.session_id AND w.usage_date = d.usage_date
        LEFT JOIN by_preset AS p ON p.session_id = d.session_id AND p.usage_date = d.usage_date
        LEFT JOIN curves AS c ON c.session_id = d.session_id AND c.usage_date = d.usage_date;

        SELECT array_agg(d) INTO before FROM analytics.session_dates AS d
        WHERE d.session_id = ANY (session_ids) AND (NOT d.is_gone OR d.session_id IN (SELECT f.session_id FROM unnest(figures) AS f));

        -- A day whose sessions are all there again is counted from the beginning.
        DELETE FROM analytics.usage_days AS u USING unnest(before) AS d
        WHERE d.is_gone AND u.app_id = d.app_id AND u.usage_date = d.usage_date
          AND NOT EXISTS (SELECT 1 FROM analytics.session_dates AS g
                          WHERE g.is_gone AND g.app_id = d.app_id AND g.usage_date = d.usage_date AND NOT g.session_id = ANY (session_ids));

        -- So is a day that is in doubt, and one whose row somebody deleted: whatever else
        -- is left of it goes as well.
        DELETE FROM analytics.usage_days AS u
        USING (SELECT app_id, usage_date FROM unnest(before) UNION SELECT app_id, usage_date FROM unnest(after)) AS d
        WHERE u.is_stale AND u.app_id = d.app_id AND u.usage_date = d.usage_date;
        SELECT array_agg(row(d.app_id, d.usage_date, '')::analytics.usage_ids) INTO uncounted
        FROM (SELECT app_id, usage_date FROM unnest(before) UNION SELECT app_id, usage_date FROM unnest(after)) AS d
        WHERE NOT EXISTS (SELECT 1 FROM analytics.usage_days AS u WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date)
          AND NOT EXISTS (SELECT 1 FROM analytics.session_dates AS g
                          WHERE g.is_gone AND g.app_id = d.app_id AND g.usage_date = d.usage_date AND NOT g.session_id = ANY (session_ids));
        EXIT WHEN uncounted IS NULL;
        -- Day by day, so that the planner knows which: by the index, even where all of
        -- the table is another day.
        lost := '{}';
        FOREACH day IN ARRAY uncounted LOOP
            DELETE FROM analytics.usage_curves AS t WHERE t.app_id = day.app_id AND t.usage_date = day.usage_date;
            DELETE FROM analytics.usage_ids AS t WHERE t.app_id = day.app_id AND t.usage_date = day.usage_date;
            DELETE FROM analytics.usage_preset_days AS t WHERE t.app_id = day.app_id AND t.usage_date = day.usage_date;
            DELETE FROM analytics.shared_person_days AS t WHERE t.app_id = day.app_id AND t.usage_date = day.usage_date;
            lost := lost || ARRAY (SELECT m.session_id FROM analytics.session_dates AS m WHERE m.app_id = day.app_id AND m.usage_date = day.usage_date);
        END LOOP;
        EXIT WHEN lost = '{}';
        DELETE FROM analytics.session_dates AS m USING unnest(uncounted) AS d
        WHERE m.session_id = ANY (lost) AND m.app_id = d.app_id AND m.usage_date = d.usage_date;
        session_ids := ARRAY (SELECT unnest(session_ids) UNION SELECT unnest(lost));
    END LOOP;

    -- Rows that stay the same are not written.
    DELETE FROM analytics.session_dates AS d USING (SELECT * FROM unnest(before) EXCEPT SELECT * FROM unnest(after)) AS b
    WHERE d.session_id = b.session_id AND d.usage_date = b.usage_date AND d.app_id = b.app_id;
    IF before IS NULL THEN
        INSERT INTO analytics.session_dates SELECT * FROM unnest(after);
    ELSE
        INSERT INTO analytics.session_dates SELECT * FROM unnest(after) EXCEPT SELECT * FROM unnest(before);
    END IF;

    -- A day is kept as it is where rollcall retention deleted one of its sessions.
    SELECT array_agg(d) INTO before FROM unnest(before) AS d
    WHERE NOT EXISTS (SELECT 1 FROM analytics.session_dates AS g WHERE g.is_gone AND g.app_id = d.app_id AND g.usage_date = d.usage_date);
    SELECT array_agg(d) INTO after FROM unnest(after) AS d
    WHERE NOT EXISTS (SELECT 1 FROM analytics.session_dates AS g WHERE g.is_gone AND g.app_id = d.app_id AND g.usage_date = d.usage_date);

    -- People in several sessions of a day are counted once: by how much the sums
    -- of their sessions are too high.
    WITH days AS (
        SELECT session_id, app_id, usage_date FROM unnest(before)
        UNION
        SELECT session_id, app_id, usage_date FROM unnest(after)
    ), present AS MATERIALIZED (
        SELECT session_id, person_id FROM analytics.session_people WHERE session_id = ANY (session_ids)
    ), people AS (
        SELECT session_id, person_id FROM present
        UNION ALL
        SELECT session_id, person_id FROM analytics.stale_people WHERE session_id = ANY (session_ids)
    ), everyone AS MATERIALIZED (
        SELECT d.app_id, d.usage_date, p.person_id, count(*) AS sessions FROM days AS d JOIN people AS p ON p.session_id = d.session_id GROUP BY 1, 2, 3
    ), crowded AS MATERIALIZED (
        -- Days of which other sessions are counted.
        SELECT app_id, usage_date FROM (SELECT DISTINCT app_id, usage_date FROM days) AS d
        WHERE (SELECT o.session_id FROM analytics.session_dates AS o -- the first is enough
               WHERE o.usage_date = d.usage_date AND o.app_id = d.app_id AND NOT o.session_id = ANY (session_ids) LIMIT 1) IS NOT NULL
    ), touched AS MATERIALIZED (
        SELECT app_id, usage_date, person_id FROM everyone WHERE sessions > 1 OR (app_id, usage_date) IN (SELECT app_id, usage_date FROM crowded)
    ), whole_stays AS MATERIALIZED (
        SELECT p.person_id, p.session_id, p.preset_name, p.preset_view_type, p.presence, p.first_join_at
        FROM analytics.session_people AS p
        WHERE NOT p.is_split
          AND p.person_id = ANY (ARRAY (SELECT person_id FROM touched)) -- by the index, whatever the planner thinks of the numbers
          AND p.first_join_at >= (SELECT min(usage_date)::timestamptz FROM touched)
          AND p.first_join_at < (SELECT max(usage_date)::timestamptz + interval '24 hours' FROM touched)
    ), split_stays AS MATERIALIZED (
        SELECT p.person_id, p.usage_date, p.session_id, p.preset_name, p.preset_view_type, p.presence
        FROM analytics.session_person_days AS p
        WHERE p.person_id = ANY (ARRAY (SELECT person_id FROM touched))
          AND p.usage_date BETWEEN (SELECT min(usage_date) FROM touched) AND (SELECT max(usage_date) FROM touched)
    ), stays AS MATERIALIZED (
        SELECT t.app_id, t.usage_date, t.person_id, p.session_id, p.preset_name, p.preset_view_type, p.presence
        FROM touched AS t JOIN whole_stays AS p ON p.person_id = t.person_id AND (p.first_join_at AT TIME ZONE 'UTC')::date = t.usage_date
        UNION ALL
        SELECT t.app_id, t.usage_date, t.person_id, p.session_id, p.preset_name, p.preset_view_type, p.presence
        FROM touched AS t JOIN split_stays AS p ON p.person_id = t.person_id AND p.usage_date = t.usage_date
    ), together AS MATERIALIZED (
        SELECT *
        FROM (SELECT *, min(session_id::text) OVER w <> max(session_id::text) OVER w AS is_several FROM stays
              WINDOW w AS (PARTITION BY app_id, usage_date, person_id)) AS s
        WHERE is_several
    ), their_apps AS MATERIALIZED (
        SELECT session_id, app_id FROM analytics.session_figures WHERE session_id = ANY (ARRAY (SELECT session_id FROM together))
    ), several AS MATERIALIZED (
        SELECT s.* FROM together AS s JOIN their_apps AS f ON f.session_id = s.session_id AND f.app_id = s.app_id
    ), own AS (
        SELECT app_id, usage_date, person_id, session_id, range_agg(presence) AS presence FROM several GROUP BY 1, 2, 3, 4
    ), merged AS (
        SELECT app_id, usage_date, person_id, count(*) AS sessions, range_agg(presence) AS presence FROM own GROUP BY 1, 2, 3 HAVING count(*) > 1
    ), lengths AS (
        SELECT o.app_id, o.usage_date, o.person_id, upper(v) - lower(v) AS length FROM own AS o CROSS JOIN LATERAL unnest(o.presence) AS v
        UNION ALL
        SELECT m.app_id, m.usage_date, m.person_id, lower(v) - upper(v) FROM merged AS m CROSS JOIN LATERAL unnest(m.presence) AS v
    ), excess AS (
        SELECT app_id, usage_date, person_id, round(sum(extract(epoch FROM length)) * 1000000)::bigint AS us FROM lengths GROUP BY 1, 2, 3
    ), moves AS (
        SELECT app_id, usage_date, person_id, step_at, sum(people)::integer AS people
        FROM (SELECT o.app_id, o.usage_date, o.person_id, c.step_at, -c.people AS people
              FROM own AS o CROSS JOIN LATERAL unnest(o.presence) AS v CROSS JOIN LATERAL (VALUES (lower(v), 1), (upper(v), -1)) AS c (step_at, people)
              UNION ALL
              SELECT m.app_id, m.usage_date, m.person_id, c.step_at, c.people
              FROM merged AS m CROSS JOIN LATERAL unnest(m.presence) AS v CROSS JOIN LATERAL (VALUES (lower(v), 1), (upper(v), -1)) AS c (step_at, people)) AS c
        WHERE step_at < usage_date::timestamptz + interval '24 hours'
        GROUP BY 1, 2, 3, 4 HAVING sum(people) <> 0
    ), curve AS (
        SELECT app_id, usage_date, person_id, array_agg(step_at ORDER BY step_at) AS step_at, array_agg(people ORDER BY step_at) AS people FROM moves GROUP BY 1, 2, 3
    ), preset AS (
        SELECT app_id, usage_date, person_id, preset_name, preset_view_type, count(*) - 1 AS people,
               round((sum(seconds) - (SELECT coalesce(sum(extract(epoch FROM upper(v) - lower(v))), 0) FROM unnest(range_agg(presence)) AS v)) * 1000000)::bigint AS us
        FROM (SELECT s.*, (SELECT coalesce(sum(extract(epoch FROM upper(v) - lower(v))), 0) FROM unnest(s.presence) AS v) AS seconds FROM several AS s) AS s
        GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1
    ), presets AS (
        SELECT app_id, usage_date, person_id, array_agg(preset_name) AS names, array_agg(preset_view_type) AS view_types,
               array_agg(people::integer) AS people, array_agg(us) AS us
        FROM (SELECT * FROM preset ORDER BY preset_name COLLATE "C", preset_view_type COLLATE "C") AS p GROUP BY 1, 2, 3
    )
    SELECT (SELECT array_agg(s) FROM everyone AS t JOIN analytics.shared_person_days AS s USING (app_id, usage_date, person_id)),
           array_agg(row(m.app_id, m.usage_date, m.person_id, m.sessions - 1, coalesce(e.us, 0),
                         coalesce(p.names, '{}'), coalesce(p.view_types, '{}'), coalesce(p.people, '{}'), coalesce(p.us, '{}'),
                         coalesce(c.step_at, '{}'), coalesce(c.people, '{}'))::analytics.shared_person_days)
    INTO shared_before, shared_after
    FROM merged AS m
    LEFT JOIN excess AS e USING (app_id, usage_date, person_id)
    LEFT JOIN curve AS c USING (app_id, usage_date, person_id)
    LEFT JOIN presets AS p USING (app_id, usage_date, person_id);
    DELETE FROM analytics.shared_person_days AS s USING (SELECT * FROM unnest(shared_before) EXCEPT SELECT * FROM unnest(shared_after)) AS b
    WHERE s.app_id = b.app_id AND s.usage_date = b.usage_date AND s.person_id = b.person_id;
    INSERT INTO analytics.shared_person_days SELECT * FROM unnest(shared_after) EXCEPT SELECT * FROM unnest(shared_before);

    -- Ids of people across meetings: each counts once, in however many sessions it is.
    WITH days AS (
        SELECT session_id, app_id, usage_date FROM unnest(after)
    ), split AS MATERIALIZED (
        -- First, so that a session without them is not read person by person.
        SELECT session_id, person_id FROM analytics.session_people WHERE session_id = ANY (session_ids) AND is_split
    ), split_rows AS MATERIALIZED (
        SELECT session_id, participant_id, custom_participant_id, user_id, preset_name, display_name
        FROM realtimekit.participants WHERE session_id = ANY (ARRAY (SELECT session_id FROM split)) AND custom_participant_id IS NOT NULL
    ), split_presences AS MATERIALIZED (
        SELECT session_id, participant_id, joined_at, left_at FROM analytics.presences WHERE session_id = ANY (ARRAY (SELECT session_id FROM split))
    ), whole_people AS MATERIALIZED (
        SELECT session_id, coalesce(custom_ids, ARRAY[custom_participant_id]) AS ids, (first_join_at AT TIME ZONE 'UTC')::date AS usage_date
        FROM analytics.session_people WHERE session_id = ANY (session_ids) AND NOT is_split
    ), their_rows AS MATERIALIZED (
        SELECT q.session_id, q.participant_id, q.custom_participant_id,
               analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name) AS person_id
        FROM (SELECT DISTINCT session_id, app_id FROM days) AS d
        JOIN split_rows AS q ON q.session_id = d.session_id
        LEFT JOIN analytics.settings AS k ON k.app_id = d.app_id AND k.meeting_id = ''
    ), now_there AS MATERIALIZED (
        SELECT DISTINCT d.app_id, d.usage_date, c.id
        FROM days AS d
        JOIN whole_people AS p ON p.session_id = d.session_id AND p.usage_date = d.usage_date
        CROSS JOIN LATERAL unnest(p.ids) AS c (id)
        WHERE c.id IS NOT NULL
        UNION
        SELECT d.app_id, d.usage_date, q.custom_participant_id
        FROM days AS d
        JOIN split AS p ON p.session_id = d.session_id
        JOIN their_rows AS q ON q.session_id = p.session_id AND q.person_id = p.person_id
        JOIN split_presences AS i ON i.session_id = q.session_id AND i.participant_id = q.participant_id
            AND i.joined_at < d.usage_date::timestamptz + interval '24 hours'
            AND (i.left_at > d.usage_date::timestamptz OR i.joined_at >= d.usage_date::timestamptz)
    )
    SELECT array_agg(row(app_id, usage_date, id)::analytics.usage_ids) INTO ids_there FROM now_there;
    WITH added AS (
        INSERT INTO analytics.usage_ids SELECT * FROM unnest(ids_there) ON CONFLICT DO NOTHING
        RETURNING app_id, usage_date, custom_participant_id
    )
    SELECT array_agg(row(app_id, usage_date, custom_participant_id)::analytics.usage_ids) INTO ids_added FROM added;

    IF before IS NOT NULL THEN
        WITH now_known AS MATERIALIZED (
            SELECT session_id, coalesce(custom_ids, ARRAY[custom_participant_id]) AS ids FROM analytics.session_people WHERE session_id = ANY (session_ids)
        )
        SELECT array_agg(row(app_id, usage_date, id)::analytics.usage_ids) INTO ids_doubted
        FROM (
            SELECT d.app_id, d.usage_date, c.id
            FROM unnest(before) AS d
            JOIN (SELECT session_id, ids FROM now_known
                  UNION ALL
                  SELECT session_id, custom_ids FROM analytics.stale_people WHERE session_id = ANY (session_ids)) AS p ON p.session_id = d.session_id
            CROSS JOIN LATERAL unnest(p.ids) AS c (id)
            WHERE c.id IS NOT NULL
            EXCEPT
            SELECT app_id, usage_date, custom_participant_id FROM unnest(ids_there)
        ) AS maybe;
    END IF;
    IF ids_doubted IS NOT NULL THEN
        WITH maybe AS MATERIALIZED (
            SELECT app_id, usage_date, custom_participant_id AS id FROM unnest(ids_doubted)
        ), bounds AS MATERIALIZED (
            SELECT min(usage_date) AS first_date, max(usage_date) AS last_date FROM maybe
        ), by_one AS MATERIALIZED (
            SELECT f.app_id, p.first_join_at, p.custom_participant_id AS id
            FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
            WHERE p.custom_participant_id = ANY (ARRAY (SELECT id FROM maybe)) AND NOT p.is_split
              AND p.first_join_at >= (SELECT first_date::timestamptz FROM bounds)
              AND p.first_join_at < (SELECT last_date::timestamptz + interval '24 hours' FROM bounds)
        ), by_several AS MATERIALIZED (
            SELECT f.app_id, p.first_join_at, p.custom_ids AS ids
            FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id
            WHERE p.custom_ids && ARRAY (SELECT id FROM maybe) AND p.custom_ids IS NOT NULL AND NOT p.is_split
              AND p.first_join_at >= (SELECT first_date::timestamptz FROM bounds)
              AND p.first_join_at < (SELECT last_date::timestamptz + interval '24 hours' FROM bounds)
        ), split_rows AS MATERIALIZED (
            SELECT f.app_id, d.usage_date, d.person_id, i.joined_at, i.left_at,
                   q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name
            FROM analytics.session_person_days AS d
            JOIN analytics.session_figures AS f ON f.session_id = d.session_id
            JOIN realtimekit.participants AS q ON q.session_id = d.session_id
            JOIN analytics.presences AS i ON i.session_id = q.session_id AND i.participant_id = q.participant_id
            WHERE q.custom_participant_id = ANY (ARRAY (SELECT id FROM maybe))
              AND d.usage_date BETWEEN (SELECT first_date FROM bounds) AND (SELECT last_date FROM bounds)
        ), still_there AS (
            SELECT app_id, (first_join_at AT TIME ZONE 'UTC')::date AS usage_date, id FROM by_one
            UNION
            SELECT p.app_id, (p.first_join_at AT TIME ZONE 'UTC')::date, c.id FROM by_several AS p CROSS JOIN LATERAL unnest(p.ids) AS c (id)
            UNION
            SELECT q.app_id, q.usage_date, q.custom_participant_id
            FROM split_rows AS q
            LEFT JOIN analytics.settings AS k ON k.app_id = q.app_id AND k.meeting_id = ''
            WHERE analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name) = q.person_id
              AND q.joined_at < q.usage_date::timestamptz + interval '24 hours'
              AND (q.left_at > q.usage_date::timestamptz OR q.joined_at >= q.usage_date::timestamptz)
        )
        SELECT array_agg(row(app_id, usage_date, id)::analytics.usage_ids) INTO ids_doubted
        FROM (SELECT app_id, usage_date, id FROM maybe EXCEPT SELECT app_id, usage_date, id FROM still_there) AS m;
        WITH gone AS (
            DELETE FROM analytics.usage_ids AS u USING unnest(ids_doubted) AS m
            WHERE u.app_id = m.app_id AND u.usage_date = m.usage_date AND u.custom_participant_id = m.custom_participant_id
              -- One by one: to the planner all ids of a day may seem as cheap.
              AND u.ctid = ANY (ARRAY (SELECT (SELECT x.ctid FROM analytics.usage_ids AS x
                                               WHERE x.app_id = o.app_id AND x.usage_date = o.usage_date AND x.custom_participant_id = o.custom_participant_id)
                                       FROM unnest(ids_doubted) AS o))
            RETURNING u.*
        )
        SELECT array_agg(gone::analytics.usage_ids) INTO ids_gone FROM gone;
    END IF;

    IF before IS NULL AND shared_before IS NULL AND shared_after IS NULL THEN
        -- Nothing cancels: the leaves sum up what comes at the same time.
        SELECT array_agg(row(d.app_id, d.usage_date, m.starts_at, m.step_at, m.people, m.participants)::analytics.curve_minute) INTO minutes
        FROM unnest(after) AS d
        CROSS JOIN LATERAL (
            SELECT date_bin(interval '1 minute', s.step_at, timestamptz '2000-01-01Z') AS starts_at, array_agg(s.step_at) AS step_at,
                   array_agg(s.people) AS people, array_agg(s.participants) AS participants
            FROM unnest(d.step_at, d.step_people, d.step_participants) AS s (step_at, people, participants)
            GROUP BY 1) AS m;
    ELSE
        SELECT array_agg(row(app_id, usage_date, starts_at, step_at, people, participants)::analytics.curve_minute) INTO minutes
        FROM (
            SELECT app_id, usage_date, date_bin(interval '1 minute', step_at, timestamptz '2000-01-01Z') AS starts_at, array_agg(step_at) AS step_at, array_agg(people) AS people,
                   array_agg(participants) AS participants
            FROM (
                SELECT app_id, usage_date, step_at, sum(people)::integer AS people, sum(participants)::integer AS participants
                FROM (SELECT d.app_id, d.usage_date, s.* FROM unnest(after) AS d
                      CROSS JOIN LATERAL unnest(d.step_at, d.step_people, d.step_participants) AS s (step_at, people, participants)
                      UNION ALL
                      SELECT d.app_id, d.usage_date, s.step_at, -s.people, -s.participants FROM unnest(before) AS d
                      CROSS JOIN LATERAL unnest(d.step_at, d.step_people, d.step_participants) AS s (step_at, people, participants)
                      UNION ALL
                      SELECT d.app_id, d.usage_date, s.step_at, s.people, 0 FROM unnest(shared_after) AS d
                      CROSS JOIN LATERAL unnest(d.step_at, d.step_people) AS s (step_at, people)
                      UNION ALL
                      SELECT d.app_id, d.usage_date, s.step_at, -s.people, 0 FROM unnest(shared_before) AS d
                      CROSS JOIN LATERAL unnest(d.step_at, d.step_people) AS s (step_at, people)) AS s
                GROUP BY 1, 2, 3
                HAVING sum(people) <> 0 OR sum(participants) <> 0
            ) AS s
            GROUP BY 1, 2, 3
        ) AS s;
    END IF;
    PERFORM analytics.add_to_curves(minutes);

    WITH difference AS (
        SELECT app_id, usage_date, sum(members) AS members, sum(started) AS started, sum(active) AS active, sum(people) AS people,
               sum(ids) AS ids, sum(person_us) AS person_us, sum(participants) AS participants, sum(participant_us) AS participant_us,
               sum(vendor_sum) AS vendor_sum, sum(vendor_sessions) AS vendor_sessions
        FROM (
            SELECT d.app_id, d.usage_date, k.sign AS members, k.sign * d.is_start::integer AS started,
                   k.sign * (cardinality(d.preset_names) > 0)::integer AS active, k.sign * d.people AS people, 0 AS ids,
                   k.sign * d.person_us AS person_us, k.sign * d.participants AS participants, k.sign * d.participant_us AS participant_us,
                   k.sign * coalesce(d.vendor_minutes, 0) AS vendor_sum, k.sign * (d.vendor_minutes IS NOT NULL)::integer AS vendor_sessions
            FROM (SELECT 1, after UNION ALL SELECT -1, before) AS k (sign, dates) CROSS JOIN LATERAL unnest(k.dates) AS d
            UNION ALL
            SELECT d.app_id, d.usage_date, 0, 0, 0, k.sign * d.extra_people, 0, k.sign * d.extra_us, 0, 0, 0, 0
            FROM (SELECT -1, shared_after UNION ALL SELECT 1, shared_before) AS k (sign, dates) CROSS JOIN LATERAL unnest(k.dates) AS d
            UNION ALL
            SELECT d.app_id, d.usage_date, 0, 0, 0, 0, k.sign, 0, 0, 0, 0, 0
            FROM (SELECT 1, ids_added UNION ALL SELECT -1, ids_gone) AS k (sign, ids) CROSS JOIN LATERAL unnest(k.ids) AS d
        ) AS d
        GROUP BY 1, 2
    )
    INSERT INTO analytics.usage_days AS u (usage_date, app_id, sessions_started, sessions_active, unique_people, unique_custom_ids, participants,
        person_seconds, participant_seconds, vendor_minutes, refreshed_at, peak_people, peak_participants,
        members, person_us, participant_us, vendor_sum, vendor_sessions)
    SELECT d.usage_date, d.app_id, d.started, d.active, d.people, d.ids, d.participants, d.person_us / 1000000.0, d.participant_us / 1000000.0,
           CASE WHEN d.vendor_sessions > 0 THEN d.vendor_sum END, now(), greatest(c.high_people, 0), greatest(c.high_participants, 0),
           d.members, d.person_us, d.participant_us, d.vendor_sum, d.vendor_sessions
    FROM difference AS d
    LEFT JOIN analytics.usage_curves AS c
        ON c.app_id = d.app_id AND c.usage_date = d.usage_date AND c.seconds = 86400 AND c.starts_at = d.usage_date::timestamptz
    ON CONFLICT (usage_date, app_id) DO UPDATE
    SET sessions_started = u.sessions_started + excluded.sessions_started, sessions_active = u.sessions_active + excluded.sessions_active,
        unique_people = u.unique_people + excluded.unique_people, unique_custom_ids = u.unique_custom_ids + excluded.unique_custom_ids,
        participants = u.participants + excluded.participants,
        person_seconds = (u.person_us + excluded.person_us) / 1000000.0,
        participant_seconds = (u.participant_us + excluded.participant_us) / 1000000.0,
        vendor_minutes = CASE WHEN u.vendor_sessions + excluded.vendor_sessions > 0 THEN u.vendor_sum + excluded.vendor_sum END,
        refreshed_at = excluded.refreshed_at, peak_people = excluded.peak_people, peak_participants = excluded.peak_participants,
        members = u.members + excluded.members, person_us = u.person_us + excluded.person_us,
        participant_us = u.participant_us + excluded.participant_us, vendor_sum = u.vendor_sum + excluded.vendor_sum,
        vendor_sessions = u.vendor_sessions + excluded.vendor_sessions
    WHERE (excluded.sessions_started, excluded.sessions_active, excluded.unique_people, excluded.unique_custom_ids, excluded.participants,
           excluded.person_us, excluded.participant_us, excluded.members, excluded.vendor_sum, excluded.vendor_sessions)
          IS DISTINCT FROM (0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::numeric, 0::bigint)
       OR (u.peak_people, u.peak_participants) IS DISTINCT FROM (excluded.peak_people, excluded.peak_participants);

    WITH difference AS (
        SELECT app_id, usage_date, preset_name, preset_view_type, sum(sessions) AS sessions, sum(people) AS people, sum(person_us) AS person_us,
               sum(participants) AS participants, sum(participant_us) AS participant_us
        FROM (
            SELECT d.app_id, d.usage_date, p.preset_name, p.preset_view_type, k.sign AS sessions, k.sign * p.people AS people,
                   k.sign * p.person_us AS person_us, k.sign * p.participants AS participants, k.sign * p.participant_us AS participant_us
            FROM (SELECT 1, after UNION ALL SELECT -1, before) AS k (sign, dates)
            CROSS JOIN LATERAL unnest(k.dates) AS d
            CROSS JOIN LATERAL unnest(d.preset_names, d.preset_view_types, d.preset_people, d.preset_person_us, d.preset_participants, d.preset_participant_us)
                AS p (preset_name, preset_view_type, people, person_us, participants, participant_us)
            UNION ALL
            SELECT d.app_id, d.usage_date, p.preset_name, p.preset_view_type, 0, k.sign * p.people, k.sign * p.us, 0, 0
            FROM (SELECT -1, shared_after UNION ALL SELECT 1, shared_before) AS k (sign, dates)
            CROSS JOIN LATERAL unnest(k.dates) AS d
            CROSS JOIN LATERAL unnest(d.preset_names, d.preset_view_types, d.preset_people, d.preset_us) AS p (preset_name, preset_view_type, people, us)
        ) AS d
        GROUP BY 1, 2, 3, 4
        HAVING sum(sessions) <> 0 OR sum(people) <> 0 OR sum(person_us) <> 0 OR sum(participants) <> 0 OR sum(participant_us) <> 0
    )
    INSERT INTO analytics.usage_preset_days AS u (usage_date, app_id, preset_name, preset_view_type, sessions, unique_people, participants,
        person_seconds, participant_seconds, refreshed_at, person_us, participant_us)
    SELECT usage_date, app_id, preset_name, preset_view_type, sessions, people, participants, person_us / 1000000.0, participant_us / 1000000.0, now(),
           person_us, participant_us
    FROM difference
    ON CONFLICT (usage_date, app_id, preset_name, preset_view_type) DO UPDATE
    SET sessions = u.sessions + excluded.sessions, unique_people = u.unique_people + excluded.unique_people,
        participants = u.participants + excluded.participants,
        person_seconds = (u.person_us + excluded.person_us) / 1000000.0,
        participant_seconds = (u.participant_us + excluded.participant_us) / 1000000.0, refreshed_at = excluded.refreshed_at,
        person_us = u.person_us + excluded.person_us, participant_us = u.participant_us + excluded.participant_us;

    -- A day without sessions is no row.
    DELETE FROM analytics.usage_days AS u USING (SELECT DISTINCT app_id, usage_date FROM unnest(before)) AS d
    WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date AND u.members = 0;
    DELETE FROM analytics.usage_preset_days AS u USING (SELECT DISTINCT app_id, usage_date FROM unnest(before)) AS d
    WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date AND u.sessions = 0;
    DELETE FROM analytics.stale_people WHERE session_id = ANY (session_ids);
END
$$;
COMMENT ON FUNCTION analytics.count_sessions(uuid[]) IS 'Brings the usage by day up to date with these sessions as analytics.derive left them. Called by analytics.refresh, which holds the lock that it needs.';

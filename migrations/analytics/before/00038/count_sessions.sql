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
SET enable_mergejoin = off
SET enable_nestloop = on
SET work_mem = '64MB'
AS $$
DECLARE
    before analytics.session_dates[];
    after  analytics.session_dates[];
    shared_before analytics.shared_person_days[];
    shared_after  analytics.shared_person_days[];
    uncounted analytics.usage_ids[]; -- app and day
    kept      analytics.usage_ids[]; -- app and day
    touched_apps  text[]; -- of people who may be in several sessions of a day
    touched_dates date[];
    touched_ids   text[];
    first_at timestamptz;
    last_at  timestamptz;
    far_off constant interval := '16 hours'; -- of any clock from UTC
    zoned  text[]; -- apps some of whose days are not those of UTC
    an_app text;
    neighbours   uuid[];
    known_ids    uuid[];
    known_starts timestamptz[];
    known_apps   text[];
    known_zones  text[];
    day    analytics.usage_ids;
    lost   uuid[];
    minutes analytics.curve_minute[];
    ids_there analytics.usage_ids[];
    ids_added analytics.usage_ids[];
    ids_doubted analytics.usage_ids[]; -- that may be of nobody any more
    ids_gone  analytics.usage_ids[];
    was_counted    boolean; -- whether one of the sessions was before
    their_sessions uuid[];
    their_people   text[];
    their_ids      text[];
    their_several  text[]; -- arrays as text, of who has several
    gone_sessions uuid[]; -- whose people changed
    gone_people   text[];
    gone_ids      text[]; -- arrays as text
BEGIN
    -- One that retention deleted is not back because it waits here.
    gone_sessions := ARRAY (SELECT DISTINCT session_id FROM analytics.session_dates WHERE session_id = ANY (session_ids) AND is_gone);
    IF cardinality(gone_sessions) > 0 THEN
        known_ids := ARRAY (SELECT session_id FROM analytics.session_figures WHERE session_id = ANY (gone_sessions));
        session_ids := ARRAY (SELECT unnest(session_ids) EXCEPT SELECT unnest(gone_sessions) UNION SELECT unnest(known_ids));
    END IF;
    LOOP
        -- What the sessions add to each day now. Their figures are read by themselves, and
        -- with them what was counted: a node of a cluster does not know the types of the rest.
        SET LOCAL enable_nestloop = off;
        WITH figures AS MATERIALIZED (
            SELECT * FROM analytics.session_figures WHERE session_id = ANY (session_ids)
        ), whole AS (
            SELECT f.session_id, d.usage_date, d.people, d.us
            FROM figures AS f CROSS JOIN LATERAL unnest(f.days, f.day_people, f.day_us) AS d (usage_date, people, us)
        ), by_preset AS (
            SELECT session_id, usage_date, sum(participants)::integer AS participants, sum(participant_us)::bigint AS participant_us,
                   array_agg(name) AS names, array_agg(view_type) AS view_types, array_agg(people) AS preset_people,
                   array_agg(person_us) AS preset_person_us, array_agg(participants) AS preset_participants, array_agg(participant_us) AS preset_participant_us
            FROM (SELECT f.session_id, d.*
                  FROM figures AS f
                  CROSS JOIN LATERAL unnest(f.preset_days, f.preset_names, f.preset_view_types, f.preset_people, f.preset_person_us,
                                            f.preset_participants, f.preset_participant_us)
                      AS d (usage_date, name, view_type, people, person_us, participants, participant_us)
                  ORDER BY f.session_id, d.usage_date, d.name COLLATE "C", d.view_type COLLATE "C") AS p
            GROUP BY 1, 2
        ), days AS (
            SELECT session_id, usage_date FROM by_preset
            UNION
            SELECT session_id, analytics.day_of(starts_at, time_zone) FROM figures WHERE starts_at IS NOT NULL
        ), curves AS (
            -- At the start of the day those come who are inside already.
            SELECT d.session_id, d.usage_date, c.step_at, c.people, c.participants
            FROM days AS d
            JOIN figures AS f ON f.session_id = d.session_id
            CROSS JOIN LATERAL (SELECT analytics.day_starts_at(d.usage_date, f.time_zone) AS from_at, analytics.day_starts_at(d.usage_date + 1, f.time_zone) AS to_at
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
        ), added AS (
            SELECT row(f.session_id, f.app_id, d.usage_date, k.is_start, CASE WHEN k.is_start THEN f.vendor_minutes::numeric END,
                       coalesce(w.people, 0), coalesce(w.us, 0), coalesce(p.participants, 0), coalesce(p.participant_us, 0),
                       coalesce(p.names, '{}'), coalesce(p.view_types, '{}'), coalesce(p.preset_people, '{}'), coalesce(p.preset_person_us, '{}'),
                       coalesce(p.preset_participants, '{}'), coalesce(p.preset_participant_us, '{}'),
                       coalesce(c.step_at, '{}'), coalesce(c.people, '{}'), coalesce(c.participants, '{}'), false, f.time_zone)::analytics.session_dates AS d
            FROM days AS d
            JOIN figures AS f ON f.session_id = d.session_id
            CROSS JOIN LATERAL (SELECT coalesce(d.usage_date = analytics.day_of(f.starts_at, f.time_zone), false) AS is_start) AS k
            LEFT JOIN whole AS w ON w.session_id = d.session_id AND w.usage_date = d.usage_date
            LEFT JOIN by_preset AS p ON p.session_id = d.session_id AND p.usage_date = d.usage_date
            LEFT JOIN curves AS c ON c.session_id = d.session_id AND c.usage_date = d.usage_date
        )
        SELECT (SELECT array_agg(d) FROM added),
               (SELECT array_agg(d) FROM analytics.session_dates AS d
                WHERE d.session_id = ANY (session_ids) AND (NOT d.is_gone OR d.session_id IN (SELECT session_id FROM figures)))
        INTO after, before;
        SET LOCAL enable_nestloop = on;

        -- A day whose sessions are all there again is counted from the beginning. What was
        -- counted in its time zone beside it, or is about to be, is so no more.
        IF EXISTS (SELECT 1 FROM unnest(before) AS d WHERE d.is_gone) THEN
            neighbours := ARRAY (
                SELECT DISTINCT n.session_id
                FROM unnest(before) AS d
                JOIN analytics.session_dates AS n ON n.app_id = d.app_id AND n.usage_date BETWEEN d.usage_date - 2 AND d.usage_date + 2
                WHERE d.is_gone) || session_ids;
            SELECT array_agg(f.session_id), array_agg(f.starts_at), array_agg(f.app_id), array_agg(f.time_zone)
            INTO known_ids, known_starts, known_apps, known_zones
            FROM analytics.session_figures AS f WHERE f.session_id = ANY (neighbours);
            INSERT INTO analytics.stale_sessions (session_id, started_at)
            SELECT f.session_id, f.starts_at
            FROM unnest(known_ids, known_starts, known_apps, known_zones) AS f (session_id, starts_at, app_id, time_zone)
            WHERE f.time_zone <> analytics.zone_of(f.app_id);
        END IF;
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

    -- Who was there when they were counted is there still, or left here since: so these are
    -- taken second. Both after what they are held against, and before whatever adds people:
    -- what a session that is stored meanwhile leaves is for the refresh that counts it next.
    was_counted := before IS NOT NULL;
    SELECT array_agg(session_id), array_agg(person_id), array_agg(CASE WHEN was_counted AND custom_ids IS NULL THEN custom_participant_id END),
           array_agg(CASE WHEN was_counted THEN custom_ids::text END)
    INTO their_sessions, their_people, their_ids, their_several
    FROM analytics.session_people WHERE session_id = ANY (session_ids);
    WITH taken AS (
        DELETE FROM analytics.stale_people WHERE session_id = ANY (session_ids) RETURNING session_id, person_id, custom_ids::text AS ids
    )
    SELECT array_agg(session_id), array_agg(person_id), array_agg(ids) INTO gone_sessions, gone_people, gone_ids FROM taken;

    -- A day is kept as it is where rollcall retention deleted one of its sessions, and so is what
    -- each adds to it. Who comes back is no more gone, who comes to it adds nothing: the day is
    -- counted from the beginning once all are back.
    SELECT array_agg(row(d.app_id, d.usage_date, '')::analytics.usage_ids) INTO kept
    FROM (SELECT app_id, usage_date FROM unnest(before) UNION SELECT app_id, usage_date FROM unnest(after)) AS d
    WHERE (SELECT g.session_id FROM analytics.session_dates AS g
           WHERE g.is_gone AND g.app_id = d.app_id AND g.usage_date = d.usage_date
             AND (g.session_id IN (SELECT b.session_id FROM unnest(before) AS b WHERE b.is_gone)) IS NOT TRUE LIMIT 1) IS NOT NULL;
    IF kept IS NOT NULL THEN
        UPDATE analytics.session_dates AS d SET is_gone = false
        FROM unnest(before) AS b JOIN unnest(kept) AS k ON k.app_id = b.app_id AND k.usage_date = b.usage_date
        WHERE b.is_gone AND d.session_id = b.session_id AND d.usage_date = b.usage_date AND d.app_id = b.app_id;
        INSERT INTO analytics.session_dates
        SELECT a.session_id, a.app_id, a.usage_date, false, NULL, 0, 0, 0, 0, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', false, a.time_zone
        FROM unnest(after) AS a JOIN unnest(kept) AS k ON k.app_id = a.app_id AND k.usage_date = a.usage_date
        WHERE NOT EXISTS (SELECT 1 FROM unnest(before) AS b WHERE b.session_id = a.session_id AND b.usage_date = a.usage_date AND b.app_id = a.app_id);
        SELECT array_agg(d) INTO before FROM unnest(before) AS d
        WHERE NOT EXISTS (SELECT 1 FROM unnest(kept) AS k WHERE k.app_id = d.app_id AND k.usage_date = d.usage_date);
        SELECT array_agg(d) INTO after FROM unnest(after) AS d
        WHERE NOT EXISTS (SELECT 1 FROM unnest(kept) AS k WHERE k.app_id = d.app_id AND k.usage_date = d.usage_date);
    END IF;

    -- Rows that stay the same are not written.
    DELETE FROM analytics.session_dates AS d USING (SELECT * FROM unnest(before) EXCEPT SELECT * FROM unnest(after)) AS b
    WHERE d.session_id = b.session_id AND d.usage_date = b.usage_date AND d.app_id = b.app_id;
    IF before IS NULL THEN
        INSERT INTO analytics.session_dates SELECT * FROM unnest(after);
    ELSE
        INSERT INTO analytics.session_dates SELECT * FROM unnest(after) EXCEPT SELECT * FROM unnest(before);
    END IF;

    -- Where no day but those of UTC is known, nobody is looked for beside the day.
    PERFORM 1 FROM analytics.session_figures WHERE time_zone <> 'UTC' LIMIT 1;
    IF FOUND THEN
        FOR an_app IN SELECT app_id FROM unnest(before) UNION SELECT app_id FROM unnest(after) LOOP
            PERFORM 1 FROM analytics.session_figures WHERE app_id = an_app AND time_zone <> 'UTC' LIMIT 1;
            IF FOUND THEN
                zoned := zoned || an_app;
            END IF;
        END LOOP;
    END IF;

    -- People in several sessions of a day are counted once: by how much the sums of their
    -- sessions are too high.
    WITH days AS (
        SELECT session_id, app_id, usage_date FROM unnest(before)
        UNION
        SELECT session_id, app_id, usage_date FROM unnest(after)
    ), people AS (
        SELECT * FROM unnest(their_sessions, their_people) AS p (session_id, person_id)
        UNION ALL
        SELECT * FROM unnest(gone_sessions, gone_people)
    ), everyone AS MATERIALIZED (
        SELECT d.app_id, d.usage_date, p.person_id, count(*) AS sessions FROM days AS d JOIN people AS p ON p.session_id = d.session_id GROUP BY 1, 2, 3
    ), crowded AS MATERIALIZED (
        -- Days of which other sessions are counted.
        SELECT app_id, usage_date FROM (SELECT DISTINCT app_id, usage_date FROM days) AS d
        WHERE (SELECT o.session_id FROM analytics.session_dates AS o -- the first is enough
               WHERE o.usage_date = d.usage_date AND o.app_id = d.app_id AND NOT o.session_id = ANY (session_ids) LIMIT 1) IS NOT NULL
    )
    SELECT (SELECT array_agg(s) FROM everyone AS t JOIN analytics.shared_person_days AS s USING (app_id, usage_date, person_id)),
           t.apps, t.dates, t.ids, t.first_date::timestamptz, t.last_date::timestamptz + interval '24 hours'
    INTO shared_before, touched_apps, touched_dates, touched_ids, first_at, last_at
    FROM (SELECT array_agg(app_id) AS apps, array_agg(usage_date) AS dates, array_agg(person_id) AS ids,
                 min(usage_date) AS first_date, max(usage_date) AS last_date
          FROM everyone WHERE sessions > 1 OR (app_id, usage_date) IN (SELECT app_id, usage_date FROM crowded)) AS t;
    IF zoned IS NOT NULL THEN
        first_at := first_at - far_off;
        last_at := last_at + far_off;
    END IF;

    -- Each has a number, by which hundreds of thousands of steps are sorted. Of these the
    -- planner knows nothing, and would join each with all.
    SET LOCAL enable_nestloop = off;
    WITH someone AS MATERIALIZED (
        SELECT no::integer AS no, app_id, usage_date, person_id, usage_date::timestamptz AS day_at,
               CASE WHEN app_id = ANY (zoned) THEN far_off ELSE '0' END AS beside
        FROM unnest(touched_apps, touched_dates, touched_ids) WITH ORDINALITY AS t (app_id, usage_date, person_id, no)
    ), whole_stays AS MATERIALIZED (
        SELECT person_id, session_id, preset_name, preset_view_type, presence, first_join_at
        FROM analytics.session_people
        WHERE NOT is_split AND first_join_at >= first_at AND first_join_at < last_at
          AND person_id = ANY (ARRAY (SELECT person_id FROM someone)) -- by the index, whatever the planner thinks of the numbers
    ), split_stays AS MATERIALIZED (
        SELECT person_id, usage_date, session_id, preset_name, preset_view_type, presence
        FROM analytics.session_person_days
        WHERE person_id = ANY (ARRAY (SELECT person_id FROM someone))
    ), stays AS MATERIALIZED (
        SELECT t.no, t.app_id, t.usage_date, p.session_id, p.preset_name, p.preset_view_type, p.presence, p.first_join_at
        FROM someone AS t
        JOIN whole_stays AS p ON p.person_id = t.person_id
            AND p.first_join_at >= t.day_at - t.beside AND p.first_join_at < t.day_at + interval '24 hours' + t.beside
        UNION ALL
        SELECT t.no, t.app_id, t.usage_date, p.session_id, p.preset_name, p.preset_view_type, p.presence, NULL
        FROM someone AS t JOIN split_stays AS p ON p.person_id = t.person_id AND p.usage_date = t.usage_date
    ), their_apps AS MATERIALIZED (
        SELECT session_id, app_id, time_zone FROM analytics.session_figures WHERE session_id = ANY (ARRAY (SELECT DISTINCT session_id FROM stays))
    ), counted AS MATERIALIZED (
        -- Others that are stored already come when they are counted: until then they may move.
        SELECT session_id, app_id, usage_date FROM analytics.session_dates WHERE session_id = ANY (ARRAY (SELECT DISTINCT session_id FROM stays))
    ), several AS MATERIALIZED (
        -- On that day in the time zone that each session was counted in.
        SELECT s.no, s.session_id, s.preset_name COLLATE "C" AS preset_name, s.preset_view_type COLLATE "C" AS preset_view_type, s.presence,
               s.first_join_at IS NULL AS is_piece, analytics.day_starts_at(s.usage_date + 1, CASE WHEN zoned IS NOT NULL THEN f.time_zone END) AS to_at
        FROM stays AS s
        JOIN their_apps AS f ON f.session_id = s.session_id AND f.app_id = s.app_id
        JOIN counted AS c ON c.session_id = s.session_id AND c.app_id = s.app_id AND c.usage_date = s.usage_date
        WHERE s.no IN (SELECT no FROM stays GROUP BY 1 HAVING count(*) > 1)
          AND (zoned IS NULL OR s.first_join_at IS NULL OR analytics.day_of(s.first_join_at, f.time_zone) = s.usage_date)
    ), whole_pieces AS MATERIALIZED (
        SELECT no, range_agg(presence) AS presence FROM several WHERE is_piece GROUP BY no, session_id
    ), shared AS MATERIALIZED (
        SELECT no, o.sessions, k.to_at, k.preset_name, k.preset_view_type, k.has_one_preset
        FROM (SELECT no, count(*)::integer AS sessions
              FROM (SELECT no FROM several WHERE NOT is_piece UNION ALL SELECT no FROM whole_pieces) AS o GROUP BY 1 HAVING count(*) > 1) AS o
        JOIN (SELECT no, max(to_at) AS to_at, min(preset_name) AS preset_name, min(preset_view_type) AS preset_view_type,
                     (min(preset_name) = max(preset_name) OR count(preset_name) = 0) AND count(preset_name) IN (0, count(*))
                     AND (min(preset_view_type) = max(preset_view_type) OR count(preset_view_type) = 0) AND count(preset_view_type) IN (0, count(*)) AS has_one_preset
              FROM several GROUP BY 1) AS k USING (no)
    ), by_preset AS MATERIALIZED (
        -- Where there are several presets, a person's time is merged by each as well.
        SELECT no, cardinality(touched_ids) + dense_rank() OVER (ORDER BY no, preset_name, preset_view_type) AS part_no, preset_name, preset_view_type, presence
        FROM several WHERE no IN (SELECT no FROM shared WHERE NOT has_one_preset)
    ), sums AS MATERIALIZED (
        SELECT part_no, round(extract(epoch FROM sum((step_at - timestamptz '2000-01-01Z') * people)) * 1000000)::bigint AS us,
               array_agg(step_at) AS step_at, array_agg(people) AS people
        FROM (SELECT part_no, step_at, sum(greatest(depth - step - 1, 0) - greatest(depth - 1, 0))::integer AS people -- of however many at once, one stays
              FROM (SELECT part_no, step_at, step, (sum(step) OVER (PARTITION BY part_no ORDER BY step_at ROWS UNBOUNDED PRECEDING))::integer AS depth
                    FROM (SELECT part_no, unnest(ARRAY[lower(v), upper(v)]) AS step_at, unnest('{1,-1}'::integer[]) AS step
                          FROM (SELECT part_no, unnest(presence) AS v
                                FROM (SELECT no AS part_no, presence FROM several WHERE NOT is_piece
                                      UNION ALL SELECT no, presence FROM whole_pieces
                                      UNION ALL SELECT part_no, presence FROM by_preset) AS p) AS v) AS s) AS d
              GROUP BY 1, 2
              HAVING sum(greatest(depth - step - 1, 0) - greatest(depth - 1, 0)) <> 0
              ORDER BY part_no, step_at) AS m -- so that the arrays are
        GROUP BY 1
    ), presets AS MATERIALIZED (
        SELECT no, array_agg(p.preset_name ORDER BY part_no) AS names, array_agg(p.preset_view_type ORDER BY part_no) AS view_types,
               array_agg(p.people ORDER BY part_no) AS people, array_agg(coalesce(m.us, 0) ORDER BY part_no) AS us
        FROM (SELECT no, part_no, preset_name, preset_view_type, count(*)::integer - 1 AS people FROM by_preset GROUP BY 1, 2, 3, 4 HAVING count(*) > 1) AS p
        LEFT JOIN sums AS m USING (part_no)
        GROUP BY 1
    )
    SELECT array_agg(row(t.app_id, t.usage_date, t.person_id, s.sessions - 1, coalesce(m.us, 0),
                         CASE WHEN s.has_one_preset THEN ARRAY[s.preset_name] ELSE coalesce(p.names, '{}') END,
                         CASE WHEN s.has_one_preset THEN ARRAY[s.preset_view_type] ELSE coalesce(p.view_types, '{}') END,
                         CASE WHEN s.has_one_preset THEN ARRAY[s.sessions - 1] ELSE coalesce(p.people, '{}') END,
                         CASE WHEN s.has_one_preset THEN ARRAY[coalesce(m.us, 0)] ELSE coalesce(p.us, '{}') END,
                         -- A day's curve has no step at its end, nor after it.
                         coalesce(m.step_at[:k.steps], '{}'), coalesce(m.people[:k.steps], '{}'))::analytics.shared_person_days)
    INTO shared_after
    FROM shared AS s
    JOIN someone AS t USING (no)
    LEFT JOIN sums AS m ON m.part_no = s.no
    LEFT JOIN presets AS p USING (no)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN m.step_at[cardinality(m.step_at)] < s.to_at THEN cardinality(m.step_at)
                    ELSE (SELECT count(*) FROM unnest(m.step_at) AS u (at) WHERE u.at < s.to_at) END::integer AS steps OFFSET 0) AS k
    -- What only the coordinator of a cluster has keeps this there: a node does not know the type.
    CROSS JOIN (SELECT count(*) FROM sync.distributed_tables) AS here;
    SET LOCAL enable_nestloop = on;
    DELETE FROM analytics.shared_person_days AS s USING (SELECT * FROM unnest(shared_before) EXCEPT SELECT * FROM unnest(shared_after)) AS b
    WHERE s.app_id = b.app_id AND s.usage_date = b.usage_date AND s.person_id = b.person_id;
    IF shared_before IS NULL THEN
        INSERT INTO analytics.shared_person_days SELECT * FROM unnest(shared_after);
    ELSE
        INSERT INTO analytics.shared_person_days SELECT * FROM unnest(shared_after) EXCEPT SELECT * FROM unnest(shared_before);
    END IF;

    ids_there := analytics.ids_on(session_ids, after);
    WITH added AS (
        INSERT INTO analytics.usage_ids SELECT * FROM unnest(ids_there) ON CONFLICT DO NOTHING
        RETURNING app_id, usage_date, custom_participant_id
    )
    SELECT array_agg(row(app_id, usage_date, custom_participant_id)::analytics.usage_ids) INTO ids_added FROM added;

    IF before IS NOT NULL THEN
        SELECT array_agg(row(app_id, usage_date, id)::analytics.usage_ids) INTO ids_doubted
        FROM (
            SELECT d.app_id, d.usage_date, c.id
            FROM unnest(before) AS d
            JOIN (SELECT * FROM unnest(their_sessions, their_ids) AS s (session_id, id)
                  UNION ALL
                  SELECT s.session_id, unnest(s.ids::text[]) FROM unnest(their_sessions, their_several) AS s (session_id, ids) WHERE s.ids IS NOT NULL
                  UNION ALL
                  SELECT s.session_id, unnest(s.ids::text[]) FROM unnest(gone_sessions, gone_ids) AS s (session_id, ids)) AS c ON c.session_id = d.session_id
            WHERE c.id IS NOT NULL
            EXCEPT
            SELECT app_id, usage_date, custom_participant_id FROM unnest(ids_there)
        ) AS maybe
        -- As above: it stays where the types are known.
        CROSS JOIN (SELECT count(*) FROM sync.distributed_tables) AS here;
        ids_doubted := analytics.ids_of_nobody(ids_doubted, zoned);
        WITH gone AS (
            -- One by one: to the planner all ids of a day may seem as cheap.
            DELETE FROM analytics.usage_ids AS u
            WHERE u.ctid = ANY (ARRAY (SELECT (SELECT x.ctid FROM analytics.usage_ids AS x
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
        -- By the number of the day, as above.
        WITH days AS MATERIALIZED (
            SELECT app_id, usage_date, row_number() OVER ()::integer AS day_no
            FROM (SELECT app_id, usage_date FROM unnest(before) UNION SELECT app_id, usage_date FROM unnest(after)
                  UNION SELECT app_id, usage_date FROM unnest(shared_before) UNION SELECT app_id, usage_date FROM unnest(shared_after)) AS d
        )
        SELECT array_agg(row(d.app_id, d.usage_date, m.starts_at, m.step_at, m.people, m.participants)::analytics.curve_minute) INTO minutes
        FROM (
            SELECT day_no, date_bin(interval '1 minute', step_at, timestamptz '2000-01-01Z') AS starts_at, array_agg(step_at) AS step_at, array_agg(people) AS people,
                   array_agg(participants) AS participants
            FROM (
                SELECT day_no, step_at, sum(people)::integer AS people, sum(participants)::integer AS participants
                FROM (SELECT k.day_no, s.* FROM unnest(after) AS d JOIN days AS k USING (app_id, usage_date)
                      CROSS JOIN LATERAL unnest(d.step_at, d.step_people, d.step_participants) AS s (step_at, people, participants)
                      UNION ALL
                      SELECT k.day_no, s.step_at, -s.people, -s.participants FROM unnest(before) AS d JOIN days AS k USING (app_id, usage_date)
                      CROSS JOIN LATERAL unnest(d.step_at, d.step_people, d.step_participants) AS s (step_at, people, participants)
                      UNION ALL
                      SELECT k.day_no, s.step_at, s.people, 0 FROM unnest(shared_after) AS d JOIN days AS k USING (app_id, usage_date)
                      CROSS JOIN LATERAL unnest(d.step_at, d.step_people) AS s (step_at, people)
                      UNION ALL
                      SELECT k.day_no, s.step_at, -s.people, 0 FROM unnest(shared_before) AS d JOIN days AS k USING (app_id, usage_date)
                      CROSS JOIN LATERAL unnest(d.step_at, d.step_people) AS s (step_at, people)) AS s
                GROUP BY 1, 2
                HAVING sum(people) <> 0 OR sum(participants) <> 0
            ) AS s
            GROUP BY 1, 2
        ) AS m
        JOIN days AS d ON d.day_no = m.day_no;
    END IF;
    PERFORM analytics.add_to_curves(minutes);

    PERFORM analytics.add_to_days(before, after, shared_before, shared_after, ids_added, ids_gone);

    -- A day without sessions is no row.
    DELETE FROM analytics.usage_days AS u USING (SELECT DISTINCT app_id, usage_date FROM unnest(before)) AS d
    WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date AND u.members = 0;
    -- Of a preset the row stays while sessions that are still to be counted were taken off it.
    DELETE FROM analytics.usage_preset_days AS u
    USING (SELECT app_id, usage_date FROM unnest(before) UNION SELECT app_id, usage_date FROM unnest(after)
           UNION SELECT app_id, usage_date FROM unnest(shared_before)) AS d
    WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date
      AND u.sessions = 0 AND u.unique_people = 0 AND u.participants = 0 AND u.person_us = 0 AND u.participant_us = 0;
END
$$;
COMMENT ON FUNCTION analytics.count_sessions(uuid[]) IS 'Brings the usage by day up to date with these sessions as analytics.derive left them. Called by analytics.refresh, which holds the lock that it needs.';

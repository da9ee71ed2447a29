-- The one definition of a presence. Called by whoever stores a session, in the same
-- transaction, and by analytics.refresh for sessions that were changed otherwise.
CREATE OR REPLACE FUNCTION analytics.derive(session_ids uuid[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_generic_plan
-- Before the first ANALYZE a large session looks like one of a few rows, and its
-- presences and events would be joined row by row.
SET enable_material = off
SET enable_nestloop = off
-- Which would merge people and participants by their session alone.
SET enable_mergejoin = off
-- Nor may a plan that was made while the tables were small read them from end to end.
SET enable_seqscan = off
AS $$
DECLARE
    this_moment timestamptz := now(); -- to a node of a cluster now() is another
    bounds analytics.session_figures[];
    known  jsonb; -- of bounds and of the settings, which such a node does not know
    before analytics.session_people[];
    kept   text;
    from_at timestamptz;
    to_at  timestamptz;
    zones  text[];
    is_zoned boolean; -- whether days of theirs are not those of UTC
BEGIN
    IF EXISTS (SELECT 1 FROM analytics.session_figures WHERE session_id = ANY (session_ids))
       OR EXISTS (SELECT 1 FROM analytics.session_presences WHERE session_id = ANY (session_ids)) -- where the figures were lost
       OR EXISTS (SELECT 1 FROM analytics.session_people WHERE session_id = ANY (session_ids)) THEN
        SELECT array_agg(p) INTO before FROM analytics.session_people AS p WHERE p.session_id = ANY (session_ids);
        DELETE FROM analytics.session_presences WHERE session_id = ANY (session_ids);
        DELETE FROM analytics.session_people WHERE session_id = ANY (session_ids);
        DELETE FROM analytics.session_person_days WHERE session_id = ANY (session_ids);
        DELETE FROM analytics.session_figures WHERE session_id = ANY (session_ids);
    END IF;

    SELECT array_agg(row(s.session_id, s.app_id, s.meeting_id, s.meeting_title, s.session_type, s.status,
               coalesce(s.started_at, s.created_at),
               CASE
                   -- One before the start is none.
                   WHEN s.ended_at >= coalesce(s.started_at, s.created_at, s.ended_at) THEN s.ended_at
                   WHEN s.status = 'LIVE' THEN coalesce(st.read_at, s.synced_at)
                   -- Nobody left a sign after it was read; a day is for clocks that differ.
                   ELSE coalesce(greatest(
                       (SELECT max(t.at) FROM realtimekit.participants AS p CROSS JOIN LATERAL (VALUES (p.joined_at), (p.left_at)) AS t (at)
                        WHERE p.session_id = s.session_id AND t.at <= coalesce(st.read_at, s.synced_at) + interval '24 hours'),
                       (SELECT max(e.created_at) FROM realtimekit.peer_events AS e
                        WHERE e.session_id = s.session_id AND e.created_at <= coalesce(st.read_at, s.synced_at) + interval '24 hours')),
                       s.started_at, s.created_at)
               END,
               CASE
                   WHEN s.ended_at >= coalesce(s.started_at, s.created_at, s.ended_at) THEN 'session_ended_at'
                   WHEN s.status = 'LIVE' THEN 'last_seen'
                   ELSE 'last_sign'
               END,
               s.max_concurrent_participants, s.minutes_consumed,
               0, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, (s.repairs IS NOT NULL)::integer, 0, 0, 0, '{}', '{}', '{}',
               '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', this_moment, 0, 'UTC', NULL)::analytics.session_figures)
    INTO bounds
    FROM realtimekit.sessions AS s LEFT JOIN sync.session_states AS st ON st.session_id = s.session_id AND st.session_id = ANY (session_ids)
    WHERE s.session_id = ANY (session_ids);

    WITH moments AS MATERIALIZED (
        -- What a peer did at one instant: as many leavings as joinings cancel each
        -- other (net 0), are a presence of no length and do not end another.
        SELECT e.session_id, e.participant_id, nullif(e.peer_id, e.participant_id::text) AS peer_id, e.created_at AS moved_at,
               sum(CASE e.event_name WHEN 'PEER_JOINING' THEN 1 ELSE -1 END) AS net,
               max(e.preset_view_type COLLATE "C") AS preset_view_type
        FROM realtimekit.peer_events AS e
        WHERE e.session_id = ANY (session_ids) AND e.event_name IN ('PEER_JOINING', 'PEER_LEAVING') AND e.created_at IS NOT NULL
        GROUP BY 1, 2, 3, 4
    ), seen AS (
        SELECT session_id, participant_id, max(preset_view_type) AS preset_view_type, bool_or(net >= 0) AS has_joining
        FROM moments GROUP BY 1, 2
    ), depths AS (
        -- How many connections of a peer are open after each moment. A leaving of none
        -- changes nothing.
        SELECT session_id, participant_id, peer_id, moved_at, net, total - least(0, min(total) OVER same_peer) AS depth
        FROM (SELECT *, sum(net) OVER (PARTITION BY session_id, participant_id, peer_id ORDER BY moved_at) AS total FROM moments WHERE net <> 0) AS m
        WINDOW same_peer AS (PARTITION BY session_id, participant_id, peer_id ORDER BY moved_at)
    ), balanced AS (
        -- Of these, those whose leaving is still to come: the old connection's may come
        -- after the new one's joining, and ends nothing.
        SELECT *, depth - min(depth) OVER (PARTITION BY session_id, participant_id, peer_id ORDER BY moved_at DESC) AS open FROM depths
    ), edges AS (
        SELECT *, coalesce(lead(open) OVER (PARTITION BY session_id, participant_id, peer_id ORDER BY moved_at DESC), 0) AS open_before FROM balanced
    ), stays AS (
        -- From the first joining to the leaving that balances all; a joining for which
        -- there is no leaving lasts until the next.
        SELECT session_id, participant_id, peer_id, moved_at, net, next_at, next_net FROM (
            SELECT *, lag(moved_at) OVER backwards AS next_at, lag(net) OVER backwards AS next_net
            FROM edges WHERE open_before = 0 AND net > 0 OR open_before > 0 AND open = 0
            WINDOW backwards AS (PARTITION BY session_id, participant_id, peer_id ORDER BY moved_at DESC)) AS m
        WHERE net > 0
        UNION ALL
        SELECT session_id, participant_id, peer_id, moved_at, 0, NULL, NULL FROM moments WHERE net = 0
    ), found AS (
        SELECT p.session_id, p.participant_id, p.removed_at, coalesce(v.has_joining, false) AS by_events, v.preset_view_type, m.peer_id,
               m.net, m.next_net,
               CASE WHEN v.has_joining THEN m.moved_at ELSE p.joined_at END AS joined_at,
               CASE
                   WHEN NOT coalesce(v.has_joining, false) THEN greatest(p.left_at, CASE WHEN p.left_at IS NOT NULL THEN p.joined_at END)
                   WHEN m.net = 0 THEN m.moved_at
                   WHEN m.next_at IS NOT NULL THEN m.next_at
                   WHEN p.left_at > m.moved_at THEN p.left_at
               END AS recorded_at
        FROM realtimekit.participants AS p
        LEFT JOIN seen AS v ON v.session_id = p.session_id AND v.participant_id = p.participant_id
        LEFT JOIN stays AS m ON m.session_id = p.session_id AND m.participant_id = p.participant_id
        WHERE p.session_id = ANY (session_ids)
          AND (m.session_id IS NOT NULL OR (p.joined_at IS NOT NULL AND NOT coalesce(v.has_joining, false)))
    ), presences AS (
        SELECT f.session_id, f.participant_id, c.joined_at, c.left_at,
               row_number() OVER (PARTITION BY f.session_id, f.participant_id ORDER BY f.joined_at, f.peer_id COLLATE "C", f.recorded_at)::integer AS presence_no,
               CASE
                   WHEN f.recorded_at IS NULL AND f.removed_at < b.ends_at THEN 'r'
                   WHEN f.recorded_at IS NULL THEN CASE b.ends_at_source WHEN 'session_ended_at' THEN 'e' WHEN 'last_seen' THEN 's' ELSE 'g' END
                   WHEN f.by_events AND (f.net = 0 OR f.next_net < 0) THEN 'l'
                   WHEN f.by_events AND f.next_net > 0 THEN 'n'
                   ELSE 'p'
               END::"char" AS left_at_kind,
               f.by_events, c.joined_at <> f.joined_at OR c.left_at <> l.left_at AS is_cut, f.preset_view_type, f.peer_id
        FROM found AS f
        JOIN unnest(bounds) AS b ON b.session_id = f.session_id
        CROSS JOIN LATERAL (
            SELECT coalesce(f.recorded_at, greatest(f.joined_at, least(b.ends_at, f.removed_at))) AS left_at
        ) AS l
        -- One absurd time, of a participant or of the session, must not make a presence
        -- of years: views and tables by day have a row for each of its days.
        -- In hours, since a day has 23 of them in some time zones' spring.
        CROSS JOIN LATERAL (
            SELECT least(b.starts_at, b.ends_at) - interval '24 hours' AS earliest, greatest(b.starts_at, b.ends_at) + interval '24 hours' AS latest
        ) AS o
        CROSS JOIN LATERAL (SELECT least(greatest(f.joined_at, o.earliest), o.latest) AS joined_at) AS j
        CROSS JOIN LATERAL (
            SELECT j.joined_at, least(greatest(l.left_at, o.earliest), o.latest, j.joined_at + interval '744 hours') AS left_at
        ) AS c
        ORDER BY f.session_id, f.participant_id, presence_no -- so that the arrays are
    )
    INSERT INTO analytics.session_presences (session_id, participant_ids, presence_nos, joined_at, left_at, left_at_kinds, is_by_events, is_cut,
        preset_view_types, peer_ids)
    SELECT session_id, array_agg(participant_id), array_agg(presence_no), array_agg(joined_at), array_agg(left_at), array_agg(left_at_kind),
           array_agg(by_events), array_agg(is_cut), array_agg(preset_view_type), array_agg(peer_id)
    FROM presences
    GROUP BY 1;

    -- A session that is counted on a day which rollcall retention keeps stays in the zone
    -- that it was counted in, and one that would come to touch such a day, by the app's zone
    -- or by that of the day, has that of the day: its hours would count twice or not at all.
    SELECT array_agg(analytics.zone_of(b.app_id) ORDER BY b.ordinality) INTO zones FROM unnest(bounds) WITH ORDINALITY AS b;
    is_zoned := EXISTS (SELECT 1 FROM unnest(zones) AS z (time_zone) WHERE z.time_zone <> 'UTC')
        OR EXISTS (SELECT 1 FROM analytics.usage_days AS u WHERE u.app_id = ANY (ARRAY (SELECT b.app_id FROM unnest(bounds) AS b)) AND u.time_zone <> 'UTC');
    FOR n IN 1..CASE WHEN is_zoned THEN cardinality(bounds) ELSE 0 END LOOP
        bounds[n].time_zone := zones[n];
        SELECT d.time_zone INTO kept
        FROM analytics.session_dates AS d
        WHERE d.session_id = bounds[n].session_id AND EXISTS (
            SELECT 1 FROM analytics.session_dates AS g
            WHERE g.is_gone AND g.app_id = d.app_id AND g.usage_date = d.usage_date AND g.session_id <> d.session_id)
        ORDER BY d.usage_date LIMIT 1;
        IF FOUND THEN
            bounds[n].time_zone := kept;
            CONTINUE;
        END IF;
        SELECT least(min(i.joined_at), bounds[n].starts_at), greatest(max(greatest(i.joined_at, i.left_at - interval '1 microsecond')), bounds[n].starts_at)
        INTO from_at, to_at
        FROM analytics.presences AS i WHERE i.session_id = bounds[n].session_id;
        SELECT u.time_zone INTO kept
        FROM analytics.session_dates AS g
        JOIN analytics.usage_days AS u ON u.app_id = g.app_id AND u.usage_date = g.usage_date
        WHERE g.is_gone AND g.app_id = bounds[n].app_id AND g.usage_date BETWEEN from_at::date - 1 AND to_at::date + 1
          AND (g.usage_date BETWEEN analytics.day_of(from_at, u.time_zone) AND analytics.day_of(to_at, u.time_zone)
               OR g.usage_date BETWEEN analytics.day_of(from_at, bounds[n].time_zone) AND analytics.day_of(to_at, bounds[n].time_zone))
        ORDER BY g.usage_date LIMIT 1;
        IF FOUND THEN
            bounds[n].time_zone := kept;
        END IF;
    END LOOP;
    SELECT jsonb_agg(jsonb_build_object('session_id', b.session_id, 'starts_at', b.starts_at, 'ends_at', b.ends_at, 'time_zone', b.time_zone,
               'person_by', k.person_by, 'nobody_ids', k.nobody_ids, 'machine_presets', k.machine_presets, 'machine_names', k.machine_names))
    INTO known
    FROM unnest(bounds) AS b LEFT JOIN analytics.settings AS k ON k.app_id = b.app_id AND k.meeting_id = '';

    INSERT INTO analytics.session_people (session_id, person_id, custom_participant_id, display_name, preset_name, preset_view_type,
        first_join_at, last_leave_at, present_seconds, session_share, visits, participants, is_inside, has_open_presence, has_row_presence,
        is_split, presence, custom_ids, user_id, is_guest, is_contradicted)
    SELECT g.session_id, g.person_id, g.customs[1], g.names[1], g.presets[1], g.preset_view_type, g.first_join_at, g.last_leave_at,
           t.present_seconds, round(t.inside_seconds / nullif(extract(epoch FROM b.ends_at - b.starts_at), 0), 4), t.visits, g.participants,
           g.is_inside, g.is_open, g.by_row,
           g.has_several OR analytics.day_of(g.first_join_at, b.time_zone) <> analytics.day_of(g.last_moment, b.time_zone), g.presence,
           CASE WHEN g.min_custom <> g.max_custom OR g.has_anonymous AND g.max_custom IS NOT NULL THEN g.customs END, g.users[1], g.is_guest, g.is_contradicted
    FROM (
        SELECT session_id, person_id,
               array_agg(custom_participant_id) FILTER (WHERE custom_participant_id IS NOT NULL) AS customs,
               array_agg(user_id) FILTER (WHERE user_id IS NOT NULL) AS users, bool_and(is_guest) AS is_guest, bool_or(is_contradicted) AS is_contradicted,
               array_agg(display_name) FILTER (WHERE display_name IS NOT NULL) AS names,
               array_agg(preset_name) FILTER (WHERE preset_name IS NOT NULL) AS presets,
               max(preset_view_type) AS preset_view_type,
               min(custom_participant_id) AS min_custom, max(custom_participant_id) AS max_custom, bool_or(custom_participant_id IS NULL) AS has_anonymous,
               min(joined_at) AS first_join_at, max(left_at) AS last_leave_at,
               range_agg(tstzrange(joined_at, left_at)) AS presence,
               count(*) FILTER (WHERE presence_no = 1) AS participants,
               bool_or(left_at_kind = 's') AS is_inside, bool_or(left_at_kind IN ('r', 'e', 's', 'g')) AS is_open, bool_or(NOT is_by_events) AS by_row,
               max(greatest(joined_at, left_at - interval '1 microsecond')) AS last_moment,
               coalesce(min(preset_name) <> max(preset_name), false) OR count(preset_name) NOT IN (0, count(*))
               OR coalesce(min(preset_view_type) <> max(preset_view_type), false) OR count(preset_view_type) NOT IN (0, count(*)) AS has_several
        FROM (
            -- In order, so that the first of each is the first in time.
            SELECT i.session_id, w.person_id COLLATE "C" AS person_id, p.user_id, 
                   p.custom_participant_id IS NULL OR p.custom_participant_id = ANY (coalesce(k.nobody_ids, '{guest,recorder}')) AS is_guest,
                   -- Where one of two is null, the greatest is the least.
                   i.is_by_events AND (
                       greatest(p.joined_at, min(i.joined_at) OVER own) - least(p.joined_at, min(i.joined_at) OVER own) > interval '60 seconds'
                       OR greatest(p.left_at, max(i.left_at) OVER own) - least(p.left_at, max(i.left_at) OVER own) > interval '60 seconds') AS is_contradicted,
                   p.custom_participant_id COLLATE "C" AS custom_participant_id, p.display_name, p.preset_name COLLATE "C" AS preset_name,
                   i.preset_view_type COLLATE "C" AS preset_view_type, i.joined_at, i.left_at, i.presence_no, i.left_at_kind, i.is_by_events
            FROM analytics.presences AS i
            JOIN realtimekit.participants AS p ON p.session_id = i.session_id AND p.participant_id = i.participant_id
            JOIN jsonb_to_recordset(known) AS k (session_id uuid, person_by text, nobody_ids text[], machine_presets text[], machine_names text[])
                ON k.session_id = i.session_id
            CROSS JOIN LATERAL (SELECT analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id) AS w
            WHERE i.session_id = ANY (session_ids) AND p.session_id = ANY (session_ids) AND w.person_id IS NOT NULL
            WINDOW own AS (PARTITION BY i.session_id, i.participant_id)
            ORDER BY 1, 2, i.joined_at, i.participant_id
        ) AS i
        GROUP BY 1, 2
    ) AS g
    JOIN jsonb_to_recordset(known) AS b (session_id uuid, starts_at timestamptz, ends_at timestamptz, time_zone text) ON b.session_id = g.session_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS visits,
               coalesce(extract(epoch FROM sum(upper(v) - lower(v))), 0) AS present_seconds,
               CASE WHEN b.ends_at > b.starts_at THEN
                   coalesce(extract(epoch FROM sum(least(upper(v), b.ends_at) - greatest(lower(v), b.starts_at))
                       FILTER (WHERE v && tstzrange(b.starts_at, greatest(b.starts_at, b.ends_at)))), 0)
               END AS inside_seconds
        FROM unnest(g.presence) AS v
    ) AS t;

    IF EXISTS (SELECT 1 FROM analytics.session_people WHERE session_id = ANY (session_ids) AND is_split) THEN
        -- Two tables at a time: of three, two may be joined by the session alone, each of its
        -- people with each of its presences.
        INSERT INTO analytics.session_person_days (session_id, person_id, usage_date, piece_no, preset_name, preset_view_type, presence)
        WITH named AS MATERIALIZED (
            SELECT p.session_id, p.participant_id, p.preset_name, k.time_zone,
                   analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id
            FROM realtimekit.participants AS p
            JOIN jsonb_to_recordset(known) AS k (session_id uuid, time_zone text, person_by text, nobody_ids text[], machine_presets text[], machine_names text[])
                ON k.session_id = p.session_id
            WHERE p.session_id = ANY (session_ids)
        ), split AS MATERIALIZED (
            SELECT p.* FROM named AS p JOIN analytics.session_people AS n ON n.session_id = p.session_id AND n.person_id = p.person_id
            WHERE n.session_id = ANY (session_ids) AND n.is_split
        ), inside AS MATERIALIZED (
            SELECT session_id, participant_id, preset_view_type, joined_at, left_at FROM analytics.presences WHERE session_id = ANY (session_ids)
        )
        SELECT g.session_id, g.person_id, g.usage_date,
               row_number() OVER (PARTITION BY g.session_id, g.person_id, g.usage_date ORDER BY g.preset_name COLLATE "C", g.preset_view_type COLLATE "C"),
               g.preset_name, g.preset_view_type, g.presence
        FROM (
            SELECT i.session_id, p.person_id, d.usage_date, p.preset_name, i.preset_view_type,
                   range_agg(tstzrange(greatest(i.joined_at, d.starts_at), least(i.left_at, d.ends_at))) AS presence
            FROM inside AS i
            JOIN split AS p ON p.session_id = i.session_id AND p.participant_id = i.participant_id
            CROSS JOIN LATERAL (
                SELECT x.usage_date, analytics.day_starts_at(x.usage_date, p.time_zone) AS starts_at, analytics.day_starts_at(x.usage_date + 1, p.time_zone) AS ends_at
                FROM (SELECT analytics.day_of(i.joined_at, p.time_zone) + n AS usage_date
                      FROM generate_series(0, analytics.day_of(greatest(i.joined_at, i.left_at - interval '1 microsecond'), p.time_zone)
                                              - analytics.day_of(i.joined_at, p.time_zone)) AS n) AS x) AS d
            WHERE d.starts_at < d.ends_at -- a day that was left out, as on an island that crossed the date line, has no length
            GROUP BY 1, 2, 3, 4, 5
        ) AS g;
    END IF;

    WITH named AS MATERIALIZED (
        SELECT p.session_id, p.participant_id, p.display_name,
               analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id
        FROM realtimekit.participants AS p
        JOIN jsonb_to_recordset(known) AS k (session_id uuid, person_by text, nobody_ids text[], machine_presets text[], machine_names text[])
            ON k.session_id = p.session_id
        WHERE p.session_id = ANY (session_ids)
    ), curve AS (
        -- Machines are on no step: the vendor's peak counts them.
        SELECT session_id, array_agg(changed_at) FILTER (WHERE is_step) AS step_at, array_agg(people) FILTER (WHERE is_step) AS step_people,
               array_agg(participants) FILTER (WHERE is_step) AS step_participants, max(people) AS peak_people, max(participants) AS peak_participants,
               max(participants + machines) AS peak_with_machines
        FROM (
            SELECT session_id, changed_at, people <> 0 OR participants <> 0 AS is_step, (sum(people) OVER so_far)::integer AS people,
                   (sum(participants) OVER so_far)::integer AS participants, (sum(machines) OVER so_far)::integer AS machines
            FROM (
                SELECT session_id, changed_at, sum(people) AS people, sum(participants) AS participants, sum(machines) AS machines
                FROM (
                    SELECT session_id, unnest(ARRAY[lower(v), upper(v)]) AS changed_at, unnest('{1,-1}'::integer[]) AS people, 0 AS participants, 0 AS machines
                    FROM (SELECT session_id, unnest(presence) AS v FROM analytics.session_people WHERE session_id = ANY (session_ids)) AS p
                    UNION ALL
                    SELECT session_id, unnest(ARRAY[lower(v), upper(v)]), 0, unnest(ARRAY[1 - machine, machine - 1]), unnest(ARRAY[machine, -machine])
                    FROM (SELECT i.session_id, (m.session_id IS NOT NULL)::integer AS machine, unnest(range_agg(tstzrange(i.joined_at, i.left_at))) AS v
                          FROM analytics.presences AS i
                          LEFT JOIN named AS m ON m.session_id = i.session_id AND m.participant_id = i.participant_id AND m.person_id IS NULL
                          WHERE i.session_id = ANY (session_ids) GROUP BY i.session_id, i.participant_id, 2) AS d
                ) AS c
                GROUP BY session_id, changed_at
                HAVING sum(people) <> 0 OR sum(participants) <> 0 OR sum(machines) <> 0
            ) AS c
            WINDOW so_far AS (PARTITION BY session_id ORDER BY changed_at)
            ORDER BY session_id, changed_at -- so that the arrays are
        ) AS c
        GROUP BY session_id
    ), person_days AS MATERIALIZED (
        SELECT p.session_id, p.person_id, analytics.day_of(p.first_join_at, b.time_zone) AS usage_date, p.preset_name, p.preset_view_type, p.presence
        FROM analytics.session_people AS p JOIN jsonb_to_recordset(known) AS b (session_id uuid, time_zone text) ON b.session_id = p.session_id
        WHERE p.session_id = ANY (session_ids) AND NOT p.is_split
        UNION ALL
        SELECT d.session_id, d.person_id, d.usage_date, d.preset_name, d.preset_view_type, d.presence
        FROM analytics.session_person_days AS d WHERE d.session_id = ANY (session_ids)
    ), whole AS (
        SELECT session_id, array_agg(usage_date) AS days, array_agg(people::integer) AS day_people, array_agg(us) AS day_us
        FROM (SELECT p.session_id, p.usage_date, count(*) AS people, sum(l.us)::bigint AS us
              FROM (SELECT session_id, usage_date, range_agg(presence) AS presence FROM person_days GROUP BY session_id, usage_date, person_id) AS p
              CROSS JOIN LATERAL (
                  SELECT round(coalesce(sum(extract(epoch FROM upper(v) - lower(v))), 0) * 1000000) AS us FROM unnest(p.presence) AS v) AS l
              GROUP BY 1, 2 ORDER BY 1, 2) AS d
        GROUP BY 1
    ), device_days AS (
        SELECT i.session_id, d.usage_date, p.preset_name, i.preset_view_type, i.participant_id,
               sum(least(i.left_at, analytics.day_starts_at(d.usage_date + 1, b.time_zone)) - greatest(i.joined_at, analytics.day_starts_at(d.usage_date, b.time_zone))) AS length
        FROM analytics.presences AS i
        JOIN realtimekit.participants AS p ON p.session_id = i.session_id AND p.participant_id = i.participant_id
        JOIN jsonb_to_recordset(known) AS b (session_id uuid, time_zone text) ON b.session_id = i.session_id
        -- Apart, since a function is put in the place of its call only where its arguments are cheap.
        CROSS JOIN LATERAL (SELECT analytics.day_of(i.joined_at, b.time_zone) AS first_day OFFSET 0) AS k
        CROSS JOIN LATERAL unnest(CASE
            WHEN i.left_at <= analytics.day_starts_at(k.first_day + 1, b.time_zone) THEN ARRAY[k.first_day]
            ELSE ARRAY (SELECT x.usage_date
                        FROM (SELECT k.first_day + n AS usage_date
                              FROM generate_series(0, analytics.day_of(i.left_at - interval '1 microsecond', b.time_zone) - k.first_day) AS n) AS x
                        WHERE analytics.day_starts_at(x.usage_date, b.time_zone) < analytics.day_starts_at(x.usage_date + 1, b.time_zone))
        END) AS d (usage_date)
        WHERE i.session_id = ANY (session_ids) AND p.session_id = ANY (session_ids)
        GROUP BY 1, 2, 3, 4, 5
    ), presets AS (
        SELECT session_id, usage_date, preset_name, preset_view_type, sum(people)::integer AS people, sum(person_us)::bigint AS person_us,
               sum(participants)::integer AS participants, sum(participant_us)::bigint AS participant_us
        FROM (SELECT p.session_id, p.usage_date, p.preset_name, p.preset_view_type, 1 AS people,
                     (SELECT round(coalesce(sum(extract(epoch FROM upper(v) - lower(v))), 0) * 1000000) FROM unnest(p.presence) AS v) AS person_us,
                     0 AS participants, 0 AS participant_us
              FROM person_days AS p
              UNION ALL
              SELECT session_id, usage_date, preset_name, preset_view_type, 0, 0, 1, round(extract(epoch FROM length) * 1000000) FROM device_days) AS u
        GROUP BY 1, 2, 3, 4
    ), by_preset AS (
        SELECT session_id, array_agg(usage_date) AS days, array_agg(preset_name) AS names, array_agg(preset_view_type) AS view_types,
               array_agg(people) AS people, array_agg(person_us) AS person_us, array_agg(participants) AS participants,
               array_agg(participant_us) AS participant_us
        FROM (SELECT * FROM presets ORDER BY session_id, usage_date, preset_name COLLATE "C", preset_view_type COLLATE "C") AS p
        GROUP BY 1
    ), people AS (
        SELECT session_id, count(*) AS people, sum(present_seconds::numeric) AS person_seconds, avg(session_share) AS average_share,
               sum(greatest(visits - 1, 0)) AS rejoins, min(first_join_at) AS first_join_at, max(last_leave_at) AS last_leave_at
        FROM analytics.session_people WHERE session_id = ANY (session_ids) GROUP BY 1
    ), devices AS (
        SELECT session_id, participant_id, count(*) AS presences, sum(left_at - joined_at) AS length,
               count(*) FILTER (WHERE is_cut) AS cut, count(*) FILTER (WHERE left_at_kind IN ('r', 'e', 's', 'g')) AS open,
               count(*) FILTER (WHERE left_at_kind IN ('r', 'e', 'g')) AS assumed,
               count(*) FILTER (WHERE is_by_events AND left_at_kind IN ('r', 'e', 'g') OR left_at_kind = 'n') AS lone
        FROM analytics.presences WHERE session_id = ANY (session_ids) GROUP BY 1, 2
    ), of_several AS MATERIALIZED (
        SELECT p.* FROM named AS p JOIN analytics.session_people AS n ON n.session_id = p.session_id AND n.person_id = p.person_id
        WHERE n.session_id = ANY (session_ids) AND n.participants > 1
    ), inside AS MATERIALIZED (
        SELECT session_id, participant_id, joined_at, left_at FROM analytics.presences WHERE session_id = ANY (session_ids)
    ), shared AS (
        -- Who was inside twice at once under several names; what stands in brackets, such
        -- as (phone), is none, and of a hash nobody can tell whose name it stands for.
        SELECT session_id, count(*) AS ids
        FROM (SELECT session_id, person_id, sum(n.length) AS by_name, (SELECT sum(upper(v) - lower(v)) FROM unnest(range_agg(n.presence)) AS v) AS length
              FROM (SELECT session_id, person_id, presence, (SELECT sum(upper(v) - lower(v)) FROM unnest(presence) AS v) AS length
                    FROM (SELECT p.session_id, p.person_id, range_agg(tstzrange(i.joined_at, i.left_at)) AS presence
                          FROM of_several AS p
                          JOIN inside AS i ON i.session_id = p.session_id AND i.participant_id = p.participant_id
                          WHERE btrim(split_part(p.display_name, ' (', 1)) <> ''
                            AND p.display_name !~ '^(name|erased)-[a-z2-7]{16}$'
                          GROUP BY 1, 2, normalize(btrim(split_part(p.display_name, ' (', 1)))) AS n) AS n
              GROUP BY 1, 2) AS n
        WHERE by_name > length
        GROUP BY 1
    ), rows AS (
        SELECT p.session_id, count(d.participant_id) AS participants, extract(epoch FROM sum(d.length)) AS seconds, sum(d.presences) AS presences, sum(d.cut) AS cut,
               sum(d.open) AS open, sum(d.assumed) AS assumed, sum(d.lone) AS lone,
               count(*) FILTER (WHERE p.repairs IS NOT NULL) AS repaired,
               count(*) FILTER (WHERE p.left_at < p.joined_at) AS inverted,
               count(*) FILTER (WHERE p.removed_at IS NOT NULL) AS unlisted,
               count(*) FILTER (WHERE p.removed_at IS NOT NULL AND d.participant_id IS NOT NULL) AS removed,
               count(*) FILTER (WHERE p.joined_at IS NULL AND (p.left_at IS NOT NULL OR p.duration_minutes > 0) AND d.participant_id IS NULL) AS timeless
        FROM realtimekit.participants AS p
        LEFT JOIN devices AS d ON d.session_id = p.session_id AND d.participant_id = p.participant_id
        WHERE p.session_id = ANY (session_ids)
        GROUP BY 1
    ), events AS (
        SELECT session_id, count(*) FILTER (WHERE repairs IS NOT NULL) AS repaired, count(*) FILTER (WHERE created_at IS NULL) AS timeless,
               count(*) FILTER (WHERE event_name = 'PEER_LEAVING') AS leavings
        FROM realtimekit.peer_events WHERE session_id = ANY (session_ids) GROUP BY 1
    ), leavings AS (
        SELECT session_id, count(*) FILTER (WHERE total < least(0, lowest)) AS alone
        FROM (SELECT session_id, total, min(total) OVER (PARTITION BY session_id, participant_id, peer_id ORDER BY created_at
                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS lowest
              FROM (SELECT session_id, participant_id, nullif(peer_id, participant_id::text) AS peer_id, created_at,
                           sum(sum(CASE event_name WHEN 'PEER_JOINING' THEN 1 ELSE -1 END))
                               OVER (PARTITION BY session_id, participant_id, nullif(peer_id, participant_id::text) ORDER BY created_at) AS total
                    FROM realtimekit.peer_events
                    WHERE session_id = ANY (session_ids) AND event_name IN ('PEER_JOINING', 'PEER_LEAVING') AND created_at IS NOT NULL
                    GROUP BY 1, 2, 3, 4) AS m) AS l
        GROUP BY 1
    )
    INSERT INTO analytics.session_figures
    SELECT b.session_id, b.app_id, b.meeting_id, b.meeting_title, b.session_type, b.status, b.starts_at, b.ends_at, b.ends_at_source,
           b.vendor_peak, b.vendor_minutes, coalesce(p.people, 0), coalesce(r.participants, 0),
           coalesce(c.peak_people, 0), coalesce(c.peak_participants, 0),
           coalesce(p.person_seconds, 0), coalesce(r.seconds, 0), round(p.average_share::numeric, 4), coalesce(p.rejoins, 0),
           p.first_join_at, p.last_leave_at, coalesce(r.open, 0), coalesce(r.removed, 0), coalesce(r.presences, 0), coalesce(r.cut, 0),
           coalesce(r.assumed, 0), coalesce(r.lone, 0), coalesce(l.alone, 0),
           b.repaired_records + coalesce(r.repaired, 0) + coalesce(e.repaired, 0), coalesce(r.inverted, 0), coalesce(r.unlisted, 0),
           coalesce(r.timeless, 0) + coalesce(e.timeless, 0),
           coalesce(c.step_at, '{}'), coalesce(c.step_people, '{}'), coalesce(c.step_participants, '{}'),
           coalesce(w.days, '{}'), coalesce(w.day_people, '{}'), coalesce(w.day_us, '{}'),
           coalesce(k.days, '{}'), coalesce(k.names, '{}'), coalesce(k.view_types, '{}'), coalesce(k.people, '{}'), coalesce(k.person_us, '{}'),
           coalesce(k.participants, '{}'), coalesce(k.participant_us, '{}'), this_moment, coalesce(h.ids, 0), b.time_zone, nullif(c.peak_with_machines, c.peak_participants)
    FROM unnest(bounds) AS b
    LEFT JOIN people AS p ON p.session_id = b.session_id
    LEFT JOIN rows AS r ON r.session_id = b.session_id
    LEFT JOIN events AS e ON e.session_id = b.session_id
    LEFT JOIN leavings AS l ON l.session_id = b.session_id
    LEFT JOIN curve AS c ON c.session_id = b.session_id
    LEFT JOIN whole AS w ON w.session_id = b.session_id
    LEFT JOIN by_preset AS k ON k.session_id = b.session_id
    LEFT JOIN shared AS h ON h.session_id = b.session_id;

    -- Who is not there any more, but was counted.
    IF before IS NOT NULL THEN
        INSERT INTO analytics.stale_people (session_id, person_id, custom_ids)
        SELECT o.session_id, o.person_id, coalesce(o.custom_ids, ARRAY[o.custom_participant_id])
        FROM unnest(before) AS o
        LEFT JOIN analytics.session_people AS n ON n.session_id = o.session_id AND n.person_id = o.person_id
            AND n.session_id = ANY (session_ids)
        WHERE (n.custom_participant_id, n.custom_ids, n.person_id) IS DISTINCT FROM (o.custom_participant_id, o.custom_ids, o.person_id)
        ON CONFLICT (session_id, person_id) DO UPDATE
        SET custom_ids = stale_people.custom_ids || excluded.custom_ids;
    END IF;
END
$$;
COMMENT ON FUNCTION analytics.derive(uuid[]) IS 'Derives anew what is kept of these sessions: presences, session_people, session_person_days and session_figures. Called where a session is stored; usage by day follows with analytics.refresh.';

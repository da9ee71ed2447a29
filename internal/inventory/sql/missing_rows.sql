-- $1 account, $2 session after which to begin, null to go on where the last run came
-- to, $3 sessions at most, $4 rows of theirs at most. Counts what is there of some
-- sessions, in the order of their ids, and compares it with what was stored. Each is
-- looked up by its key, so that the cost is that of these sessions, however large the
-- tables are. A session that is to be read again anyway is left alone, and so is one
-- that the API has no more. See missing_rows.go for what is done with it.
-- The ids go to each table as an array: by it a planner without statistics uses the key, and
-- a cluster asks each shard once. What the tables answered is put together afterwards.
WITH mine AS MATERIALIZED (
    SELECT app_id FROM realtimekit.apps WHERE account_id = $1
    UNION SELECT app_id FROM sync.app_states WHERE account_id = $1
), since AS MATERIALIZED (
    SELECT coalesce($2::uuid, (SELECT checked_to FROM sync.checks WHERE account_id = $1), '00000000-0000-0000-0000-000000000000') AS session_id
), of_states AS MATERIALIZED (
    SELECT session_id FROM sync.session_states
    WHERE session_id > (SELECT session_id FROM since) AND app_id IN (SELECT app_id FROM mine) ORDER BY session_id LIMIT $3
), of_rows AS MATERIALIZED (
    SELECT session_id FROM realtimekit.sessions
    WHERE session_id > (SELECT session_id FROM since) AND app_id IN (SELECT app_id FROM mine) ORDER BY session_id LIMIT $3
), picked AS MATERIALIZED (
    SELECT session_id FROM (SELECT session_id FROM of_states UNION SELECT session_id FROM of_rows) AS i ORDER BY session_id LIMIT $3
), states AS MATERIALIZED (
    SELECT session_id, app_id, read_at, settled_at, gone_at, stored_participants, stored_events
    FROM sync.session_states WHERE session_id = ANY (ARRAY (SELECT session_id FROM picked))
), walked AS MATERIALIZED (
    SELECT i.session_id, t.app_id, t.read_at, t.settled_at IS NOT NULL AND t.gone_at IS NULL AS is_settled, t.session_id IS NULL AS no_state,
           t.stored_participants, t.stored_events,
           sum(coalesce(t.stored_participants + t.stored_events, 0)) OVER (ORDER BY i.session_id) - coalesce(t.stored_participants + t.stored_events, 0) AS before
    FROM picked AS i LEFT JOIN states AS t ON t.session_id = i.session_id
), taken AS MATERIALIZED (
    SELECT session_id FROM walked WHERE before < $4::bigint
), own_rows AS MATERIALIZED (
    SELECT session_id, app_id, meeting_id, started_at, created_at
    FROM realtimekit.sessions WHERE session_id = ANY (ARRAY (SELECT session_id FROM taken))
), participant_rows AS MATERIALIZED (
    SELECT session_id, count(*) AS rows FROM realtimekit.participants WHERE session_id = ANY (ARRAY (SELECT session_id FROM taken)) GROUP BY 1
), event_rows AS MATERIALIZED (
    SELECT session_id, count(*) AS rows FROM realtimekit.peer_events WHERE session_id = ANY (ARRAY (SELECT session_id FROM taken)) GROUP BY 1
), looked AS MATERIALIZED (
    SELECT w.session_id, coalesce(s.app_id, w.app_id) AS app_id, w.read_at, w.is_settled, w.no_state, w.stored_participants, w.stored_events,
           s.session_id IS NULL AS no_row, s.meeting_id, s.started_at, coalesce(s.started_at, s.created_at) AS starts_at,
           s.meeting_id IS NOT NULL AND (
               SELECT count(*) FROM realtimekit.meetings AS m WHERE m.app_id = s.app_id AND m.meeting_id = s.meeting_id) = 0 AS no_meeting,
           coalesce(p.rows, 0) AS participants, coalesce(e.rows, 0) AS events
    FROM walked AS w
    LEFT JOIN own_rows AS s ON s.session_id = w.session_id
    LEFT JOIN participant_rows AS p ON p.session_id = w.session_id
    LEFT JOIN event_rows AS e ON e.session_id = w.session_id
    WHERE w.before < $4::bigint
), horizon AS (
    SELECT max(horizon) AS at FROM sync.retention_horizons WHERE account_id = $1
), dates AS MATERIALIZED (
    SELECT l.session_id, l.app_id AS session_app_id, l.starts_at, d.usage_date, d.app_id
    FROM looked AS l
    LEFT JOIN LATERAL (SELECT * FROM analytics.session_dates AS d WHERE d.session_id = l.session_id OFFSET 0) AS d ON true
    WHERE NOT l.no_row AND l.read_at IS NOT NULL AND l.starts_at IS NOT NULL
), bare_days AS MATERIALIZED (
    SELECT d.usage_date, d.app_id
    FROM (SELECT DISTINCT usage_date, app_id FROM dates WHERE usage_date IS NOT NULL) AS d
    LEFT JOIN LATERAL (SELECT * FROM analytics.usage_days AS u WHERE u.usage_date = d.usage_date AND u.app_id = d.app_id OFFSET 0) AS u ON true
    WHERE u.app_id IS NULL OR u.participants > 0 AND (
        SELECT count(*) FROM analytics.usage_preset_days AS p WHERE p.usage_date = d.usage_date AND p.app_id = d.app_id) = 0
), day_sessions AS MATERIALIZED (
    SELECT b.usage_date, b.app_id, o.session_id
    FROM bare_days AS b JOIN analytics.session_dates AS o ON o.usage_date = b.usage_date AND o.app_id = b.app_id
), day_rows AS MATERIALIZED (
    SELECT session_id FROM realtimekit.sessions WHERE session_id = ANY (ARRAY (SELECT session_id FROM day_sessions))
), open_days AS MATERIALIZED (
    -- A day is kept as it is where retention has deleted sessions of it.
    SELECT b.usage_date, b.app_id FROM bare_days AS b
    WHERE NOT EXISTS (SELECT 1 FROM day_sessions AS o LEFT JOIN day_rows AS s ON s.session_id = o.session_id
                      WHERE o.usage_date = b.usage_date AND o.app_id = b.app_id AND s.session_id IS NULL)
), figures AS MATERIALIZED (
    SELECT session_id, presences, unique_people FROM analytics.session_figures WHERE session_id = ANY (ARRAY (SELECT session_id FROM taken))
), presence_rows AS MATERIALIZED (
    SELECT session_id, cardinality(participant_ids) AS rows FROM analytics.session_presences WHERE session_id = ANY (ARRAY (SELECT session_id FROM taken))
), people_rows AS MATERIALIZED (
    SELECT session_id, count(*) AS rows FROM analytics.session_people WHERE session_id = ANY (ARRAY (SELECT session_id FROM taken)) GROUP BY 1
), underived AS MATERIALIZED (
    SELECT l.session_id, l.app_id, l.starts_at
    FROM looked AS l
    LEFT JOIN figures AS f ON f.session_id = l.session_id
    LEFT JOIN presence_rows AS i ON i.session_id = l.session_id
    LEFT JOIN people_rows AS p ON p.session_id = l.session_id
    WHERE NOT l.no_row AND l.read_at IS NOT NULL AND (
        f.session_id IS NULL OR f.presences > coalesce(i.rows, 0) OR f.unique_people > coalesce(p.rows, 0))
), lost_reports AS MATERIALIZED (
    SELECT r.session_id
    FROM sync.peer_report_states AS r
    LEFT JOIN realtimekit.peer_reports AS p
        ON p.session_id = r.session_id AND p.participant_id = r.participant_id AND p.peer_id = r.peer_id
    WHERE r.session_id = ANY (ARRAY (SELECT session_id FROM taken)) AND r.outcome = 'stored' AND p.session_id IS NULL
    GROUP BY 1
), found AS MATERIALIZED (
    SELECT 'session' AS kind, session_id, app_id, NULL::text AS meeting_id, starts_at,
           CASE WHEN no_row THEN 'rows that were stored are missing: the session''s own'
                WHEN no_state THEN 'what was noted of the session when it was read is missing'
                WHEN no_meeting THEN 'rows that were stored are missing: that of the session''s meeting'
                ELSE format('rows that were stored are missing: %s of %s participants, %s of %s peer events',
                            greatest(stored_participants - participants, 0), stored_participants,
                            greatest(stored_events - events, 0), stored_events) END AS reason
    FROM looked
    WHERE no_state OR is_settled AND (no_row OR no_meeting OR participants < stored_participants OR events < stored_events)
    UNION ALL
    SELECT 'usage', session_id, app_id, NULL, starts_at, NULL
    FROM (SELECT d.session_id, d.session_app_id AS app_id, d.starts_at
          FROM dates AS d LEFT JOIN open_days AS o ON o.usage_date = d.usage_date AND o.app_id = d.app_id
          GROUP BY 1, 2, 3
          HAVING bool_or(o.app_id IS NOT NULL)
              OR bool_and(d.usage_date IS NULL) AND NOT coalesce(starts_at < (SELECT at FROM horizon) + interval '24 hours', false)
          UNION SELECT session_id, app_id, starts_at FROM underived) AS l
    WHERE NOT EXISTS (SELECT 1 FROM analytics.stale_sessions AS q WHERE q.session_id = l.session_id)
    UNION ALL
    SELECT 'enrolment', NULL, t.app_id, t.meeting_id, NULL, NULL
    FROM (SELECT app_id, meeting_id, bool_or(no_meeting) AS no_row FROM looked WHERE meeting_id IS NOT NULL GROUP BY 1, 2) AS m
    CROSS JOIN LATERAL (SELECT * FROM sync.meeting_states AS t WHERE t.app_id = m.app_id AND t.meeting_id = m.meeting_id OFFSET 0) AS t
    WHERE t.sessions_seen IS NOT NULL AND (m.no_row OR t.stored_people > (
        SELECT count(*) FROM realtimekit.meeting_participants AS p WHERE p.app_id = t.app_id AND p.meeting_id = t.meeting_id))
    UNION ALL
    SELECT 'peer-reports', l.session_id, l.app_id, NULL, l.starts_at, NULL
    FROM looked AS l JOIN lost_reports AS r ON r.session_id = l.session_id
    WHERE NOT l.no_row
    UNION ALL
    SELECT 'daywise', NULL, e.app_id, NULL, NULL, NULL
    FROM sync.endpoint_states AS e JOIN mine USING (app_id)
    WHERE e.endpoint = 'daywise' AND e.stored_rows > (SELECT count(*) FROM realtimekit.daily_stats AS d WHERE d.app_id = e.app_id)
), place AS (
    SELECT (SELECT array_agg(session_id ORDER BY session_id DESC) FROM looked)[1] AS session_id,
           (SELECT count(*) FROM looked) = (SELECT count(*) FROM walked) AND (SELECT count(*) FROM walked) < $3 AS is_end
)
SELECT 'place', session_id, NULL, NULL, NULL, NULL, is_end FROM place
UNION ALL SELECT kind, session_id, app_id, meeting_id, starts_at, reason, false FROM found

-- Subqueries that count, and OFFSET 0, keep the planner from scanning whole tables.
-- $1 account, $2 session after which to begin, null to go on where the last run came
-- to, $3 sessions at most, $4 rows of theirs at most. Counts what is there of some
-- sessions, in the order of their ids, and compares it with what was stored. Each is
-- looked up by its key, so that the cost is that of these sessions, however large the
-- tables are. A session that is to be read again anyway is left alone, and so is one
-- that the API has no more. See missing_rows.go for what is done with it.
WITH mine AS MATERIALIZED (
    SELECT app_id FROM realtimekit.apps WHERE account_id = $1
    UNION SELECT app_id FROM sync.app_states WHERE account_id = $1
), since AS MATERIALIZED (
    SELECT coalesce($2::uuid, (SELECT checked_to FROM sync.checks WHERE account_id = $1), '00000000-0000-0000-0000-000000000000') AS session_id
), ids AS (
    (SELECT session_id FROM sync.session_states
     WHERE session_id > (SELECT session_id FROM since) AND app_id IN (SELECT app_id FROM mine) ORDER BY session_id LIMIT $3)
    UNION
    (SELECT session_id FROM realtimekit.sessions
     WHERE session_id > (SELECT session_id FROM since) AND app_id IN (SELECT app_id FROM mine) ORDER BY session_id LIMIT $3)
), walked AS MATERIALIZED (
    SELECT i.session_id, t.app_id, t.read_at, t.settled_at IS NOT NULL AND t.gone_at IS NULL AS is_settled, t.session_id IS NULL AS no_state,
           t.stored_participants, t.stored_events,
           sum(coalesce(t.stored_participants + t.stored_events, 0)) OVER (ORDER BY i.session_id) - coalesce(t.stored_participants + t.stored_events, 0) AS before
    FROM (SELECT session_id FROM ids ORDER BY session_id LIMIT $3) AS i
    LEFT JOIN LATERAL (SELECT * FROM sync.session_states AS t WHERE t.session_id = i.session_id OFFSET 0) AS t ON true
), looked AS MATERIALIZED (
    SELECT w.session_id, coalesce(s.app_id, w.app_id) AS app_id, w.read_at, w.is_settled, w.no_state, w.stored_participants, w.stored_events,
           s.session_id IS NULL AS no_row, s.meeting_id, s.started_at, coalesce(s.started_at, s.created_at) AS starts_at,
           s.meeting_id IS NOT NULL AND (
               SELECT count(*) FROM realtimekit.meetings AS m WHERE m.app_id = s.app_id AND m.meeting_id = s.meeting_id) = 0 AS no_meeting,
           (SELECT count(*) FROM realtimekit.participants AS p WHERE p.session_id = w.session_id) AS participants,
           (SELECT count(*) FROM realtimekit.peer_events AS e WHERE e.session_id = w.session_id) AS events
    FROM walked AS w
    LEFT JOIN LATERAL (SELECT * FROM realtimekit.sessions AS s WHERE s.session_id = w.session_id OFFSET 0) AS s ON true
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
), open_days AS MATERIALIZED (
    -- A day is kept as it is where retention has deleted sessions of it.
    SELECT usage_date, app_id FROM bare_days AS b
    WHERE (SELECT count(*) FROM analytics.session_dates AS o
           WHERE o.usage_date = b.usage_date AND o.app_id = b.app_id
             AND NOT EXISTS (SELECT FROM realtimekit.sessions AS s WHERE s.session_id = o.session_id)) = 0
), underived AS MATERIALIZED (
    SELECT l.session_id, l.app_id, l.starts_at
    FROM looked AS l
    LEFT JOIN LATERAL (SELECT * FROM analytics.session_figures AS f WHERE f.session_id = l.session_id OFFSET 0) AS f ON true
    WHERE NOT l.no_row AND l.read_at IS NOT NULL AND (
        f.session_id IS NULL
        OR f.presences > (SELECT count(*) FROM analytics.presences AS p WHERE p.session_id = l.session_id)
        OR f.unique_people > (SELECT count(*) FROM analytics.session_people AS p WHERE p.session_id = l.session_id))
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
    WHERE NOT EXISTS (SELECT FROM analytics.stale_sessions AS q WHERE q.session_id = l.session_id)
    UNION ALL
    SELECT 'enrolment', NULL, t.app_id, t.meeting_id, NULL, NULL
    FROM (SELECT app_id, meeting_id, bool_or(no_meeting) AS no_row FROM looked WHERE meeting_id IS NOT NULL GROUP BY 1, 2) AS m
    CROSS JOIN LATERAL (SELECT * FROM sync.meeting_states AS t WHERE t.app_id = m.app_id AND t.meeting_id = m.meeting_id OFFSET 0) AS t
    WHERE t.sessions_seen IS NOT NULL AND (m.no_row OR t.stored_people > (
        SELECT count(*) FROM realtimekit.meeting_participants AS p WHERE p.app_id = t.app_id AND p.meeting_id = t.meeting_id))
    UNION ALL
    SELECT 'peer-reports', session_id, app_id, NULL, starts_at, NULL
    FROM looked AS l
    WHERE NOT no_row AND (
        SELECT count(*) FROM sync.peer_report_states AS r
        WHERE r.session_id = l.session_id AND r.outcome = 'stored' AND NOT EXISTS (
            SELECT FROM realtimekit.peer_reports AS p
            WHERE p.session_id = r.session_id AND p.participant_id = r.participant_id AND p.peer_id = r.peer_id)) > 0
    UNION ALL
    SELECT 'daywise', NULL, e.app_id, NULL, NULL, NULL
    FROM sync.endpoint_states AS e JOIN mine USING (app_id)
    WHERE e.endpoint = 'daywise' AND e.stored_rows > (SELECT count(*) FROM realtimekit.daily_stats AS d WHERE d.app_id = e.app_id)
), place AS (
    SELECT (SELECT array_agg(session_id ORDER BY session_id DESC) FROM looked)[1] AS session_id,
           (SELECT count(*) FROM looked) = (SELECT count(*) FROM walked) AND (SELECT count(*) FROM walked) < $3 AS is_end
)

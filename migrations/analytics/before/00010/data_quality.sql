CREATE OR REPLACE VIEW analytics.data_quality AS
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

COMMENT ON VIEW  analytics.data_quality IS 'What to know before trusting a number. One row a session and check that found something. Checks: repaired_values (records with a mended value), rejected_records (set aside, not stored), open_presences (leaving not recorded), joining_without_leaving and leaving_without_joining (moments of peer events without a partner), left_before_joined, time_out_of_bounds (presences with a time more than a day outside of the session, or of more than 31 days, which were cut), no_usable_time (participants or events without a time), removed_participants (no longer listed by the vendor), session_without_end, minutes_disagree (our participant-minutes against minutes_consumed), peak_disagrees (our peak against max_concurrent_participants), session_not_complete (a full reading did not agree with the announced number), erased_participants (people who were erased, so that minutes and peak lie below the vendor''s).';
COMMENT ON COLUMN analytics.data_quality.session_id IS 'Session: realtimekit.sessions.session_id; null for a rejected record whose session is not known.';
COMMENT ON COLUMN analytics.data_quality.app_id IS 'App; null for a rejected record whose app is not known.';
COMMENT ON COLUMN analytics.data_quality.started_at IS 'Start of the session, UTC; for session_not_complete and erased_participants its creation.';
COMMENT ON COLUMN analytics.data_quality.check_name IS 'Name of the check; see the description of the view.';
COMMENT ON COLUMN analytics.data_quality.findings IS 'How many records or moments it found; 1 where it concerns the session as a whole.';
COMMENT ON COLUMN analytics.data_quality.measured_value IS 'What Rollcall counts: minutes, participants at once, or participants; null for checks without a comparison.';
COMMENT ON COLUMN analytics.data_quality.vendor_value IS 'What the vendor says, in the same unit.';

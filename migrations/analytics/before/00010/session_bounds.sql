CREATE OR REPLACE VIEW analytics.session_bounds AS
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

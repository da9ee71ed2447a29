CREATE OR REPLACE VIEW analytics.session_summary AS
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

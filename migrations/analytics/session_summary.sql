CREATE OR REPLACE VIEW analytics.session_summary AS
SELECT f.session_id, f.app_id, a.name AS app_name, f.meeting_id, f.meeting_title, f.session_type, f.status,
       analytics.day_of(f.starts_at, f.time_zone) AS started_date, f.starts_at, f.ends_at, f.ends_at_source,
       extract(epoch FROM greatest(f.ends_at, f.starts_at) - f.starts_at)::double precision AS session_seconds,
       f.unique_people, f.participants, f.peak_people, f.peak_participants, f.vendor_peak AS vendor_peak_participants,
       f.person_seconds, f.participant_seconds, f.vendor_minutes,
       round(f.person_seconds::numeric / nullif(extract(epoch FROM greatest(f.ends_at, f.starts_at) - f.starts_at), 0), 3)::double precision AS average_people,
       f.average_share, f.rejoins, f.first_join_at, f.last_leave_at, f.open_presences, f.removed_participants,
       st.complete_at IS NOT NULL AS is_complete, f.time_zone
FROM analytics.session_figures AS f
JOIN realtimekit.apps AS a ON a.app_id = f.app_id
LEFT JOIN sync.session_states AS st ON st.session_id = f.session_id;

COMMENT ON VIEW  analytics.session_summary IS 'One row per session: its people, peak, time inside, beside what the vendor says.';
COMMENT ON COLUMN analytics.session_summary.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_summary.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.session_summary.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.session_summary.meeting_id IS 'Meeting that the session is a run of: realtimekit.meetings.meeting_id.';
COMMENT ON COLUMN analytics.session_summary.meeting_title IS 'Title of the meeting at the time.';
COMMENT ON COLUMN analytics.session_summary.session_type IS 'meeting, livestream or participant (seen with breakout rooms), as the vendor says.';
COMMENT ON COLUMN analytics.session_summary.status IS 'LIVE or ENDED.';
COMMENT ON COLUMN analytics.session_summary.started_date IS 'Day of starts_at in time_zone.';
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
COMMENT ON COLUMN analytics.session_summary.time_zone IS 'Time zone of the app, by which its days are cut: of analytics.settings, UTC unless set.';

CREATE OR REPLACE VIEW analytics.session_bounds AS
SELECT f.session_id, f.app_id, f.meeting_id, f.meeting_title, f.session_type, f.status, f.starts_at, f.ends_at, f.ends_at_source,
       f.vendor_peak AS vendor_peak_participants, f.vendor_minutes, st.complete_at IS NOT NULL AS is_complete,
       analytics.day_of(f.starts_at, f.time_zone) AS started_date, f.time_zone
FROM analytics.session_figures AS f
LEFT JOIN sync.session_states AS st ON st.session_id = f.session_id;

COMMENT ON VIEW  analytics.session_bounds IS 'When each session began and ended, as all other views see it. One row per session.';
COMMENT ON COLUMN analytics.session_bounds.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_bounds.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.session_bounds.meeting_id IS 'Meeting that the session is a run of: realtimekit.meetings.meeting_id.';
COMMENT ON COLUMN analytics.session_bounds.meeting_title IS 'Title of the meeting at the time.';
COMMENT ON COLUMN analytics.session_bounds.session_type IS 'meeting, livestream or participant (seen with breakout rooms), as the vendor says.';
COMMENT ON COLUMN analytics.session_bounds.status IS 'LIVE or ENDED.';
COMMENT ON COLUMN analytics.session_bounds.starts_at IS 'Start, UTC: started_at, else created_at of the session.';
COMMENT ON COLUMN analytics.session_bounds.ends_at IS 'End, UTC: ended_at, where it is not before the start; else, while LIVE, the time at which Rollcall last read the session, and once ENDED the last time seen in any of its rows that is not more than a day after Rollcall last read it.';
COMMENT ON COLUMN analytics.session_bounds.ends_at_source IS 'Where ends_at comes from: session_ended_at, last_seen (still LIVE) or last_sign (ended, but the vendor gives no end, or one before the start).';
COMMENT ON COLUMN analytics.session_bounds.vendor_peak_participants IS 'Most participants (devices) inside at once as the vendor counts: max_concurrent_participants.';
COMMENT ON COLUMN analytics.session_bounds.vendor_minutes IS 'Participant-minutes as the vendor counts them: minutes_consumed.';
COMMENT ON COLUMN analytics.session_bounds.is_complete IS 'Whether a full reading of the ended session agreed with what the vendor announced.';
COMMENT ON COLUMN analytics.session_bounds.started_date IS 'Day of starts_at in time_zone.';
COMMENT ON COLUMN analytics.session_bounds.time_zone IS 'Time zone of the app, by which its days are cut: of analytics.settings, UTC unless set.';

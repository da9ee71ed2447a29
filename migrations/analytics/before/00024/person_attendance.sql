CREATE OR REPLACE VIEW analytics.person_attendance AS
SELECT p.session_id, p.person_id, p.custom_participant_id, p.display_name, p.first_join_at, p.last_leave_at,
       p.present_seconds, p.visits::bigint AS visits, p.session_share,
       f.app_id, f.meeting_id, f.meeting_title, p.preset_name, f.starts_at AS session_starts_at, f.ends_at AS session_ends_at,
       extract(epoch FROM p.first_join_at - f.starts_at)::double precision AS late_seconds,
       extract(epoch FROM f.ends_at - p.last_leave_at)::double precision AS left_early_seconds,
       p.participants::bigint AS participants, p.is_inside, p.has_open_presence, p.has_row_presence, p.user_id, p.is_guest, p.is_contradicted
FROM analytics.session_people AS p
JOIN analytics.session_figures AS f ON f.session_id = p.session_id;

COMMENT ON VIEW  analytics.person_attendance IS 'Who attended, and for how long. One row a session and person; rejoins and several devices are merged, not added up.';
COMMENT ON COLUMN analytics.person_attendance.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.person_attendance.person_id IS 'Person within the app: custom_participant_id, else user_id, else participant_id, or as analytics.settings says; see analytics.person_of.';
COMMENT ON COLUMN analytics.person_attendance.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.person_attendance.display_name IS 'Name shown in the session, of the first presence that has one; personal data.';
COMMENT ON COLUMN analytics.person_attendance.first_join_at IS 'First joining, UTC.';
COMMENT ON COLUMN analytics.person_attendance.last_leave_at IS 'Last leaving, UTC; for who is still inside, when the session was last read.';
COMMENT ON COLUMN analytics.person_attendance.present_seconds IS 'Seconds inside, each counted once however many devices there were.';
COMMENT ON COLUMN analytics.person_attendance.visits IS 'Number of separate stays; a rejoin that leaves no gap is none. 0 where the person left in the instant of joining.';
COMMENT ON COLUMN analytics.person_attendance.session_share IS 'Share of the session from starts_at to ends_at that the person was inside, 0 to 1; null where the session has no length.';
COMMENT ON COLUMN analytics.person_attendance.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.person_attendance.meeting_id IS 'Meeting that the session is a run of: realtimekit.meetings.meeting_id.';
COMMENT ON COLUMN analytics.person_attendance.meeting_title IS 'Title of the meeting at the time.';
COMMENT ON COLUMN analytics.person_attendance.preset_name IS 'Preset (role) such as student or host, of the first presence that has one.';
COMMENT ON COLUMN analytics.person_attendance.session_starts_at IS 'Start of the session, UTC.';
COMMENT ON COLUMN analytics.person_attendance.session_ends_at IS 'End of the session, UTC; see session_bounds.';
COMMENT ON COLUMN analytics.person_attendance.late_seconds IS 'Seconds from the start of the session to the first joining; negative where the person was there before.';
COMMENT ON COLUMN analytics.person_attendance.left_early_seconds IS 'Seconds from the last leaving to the end of the session; negative where it is after it.';
COMMENT ON COLUMN analytics.person_attendance.participants IS 'Number of participants (devices) of the person that were inside.';
COMMENT ON COLUMN analytics.person_attendance.is_inside IS 'Whether the person was inside when the live session was last read.';
COMMENT ON COLUMN analytics.person_attendance.has_open_presence IS 'Whether the end of a presence is assumed because nobody recorded it.';
COMMENT ON COLUMN analytics.person_attendance.has_row_presence IS 'Whether a presence comes from the participant row for want of events.';
COMMENT ON COLUMN analytics.person_attendance.user_id IS 'The vendor''s id of the person, of the first presence that has one; null where there is none.';
COMMENT ON COLUMN analytics.person_attendance.is_guest IS 'Whether your own system gave the person no id: custom_participant_id is null in all presences, or one of nobody_ids in analytics.settings.';
COMMENT ON COLUMN analytics.person_attendance.is_contradicted IS 'Whether what the vendor says in two places does not agree: joined_at or left_at of a participant is more than a minute away from the first joining or last leaving by its events. The times here are those of the events.';

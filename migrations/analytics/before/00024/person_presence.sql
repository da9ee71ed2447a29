CREATE OR REPLACE VIEW analytics.person_presence AS
SELECT p.session_id, p.person_id, p.custom_participant_id, p.display_name, p.preset_name, p.first_join_at, p.last_leave_at, p.presence,
       p.participants::bigint AS participants, p.has_open_presence, p.is_inside, p.has_row_presence
FROM analytics.session_people AS p;

COMMENT ON VIEW  analytics.person_presence IS 'Times of a person in a session with overlaps merged: the building block of the views about people. One row a session and person.';
COMMENT ON COLUMN analytics.person_presence.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.person_presence.person_id IS 'Person within the app: custom_participant_id, else user_id, else participant_id, or as analytics.settings says; see analytics.person_of.';
COMMENT ON COLUMN analytics.person_presence.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.person_presence.display_name IS 'Name shown in the session, of the first presence that has one; personal data.';
COMMENT ON COLUMN analytics.person_presence.preset_name IS 'Preset (role) such as student or host, of the first presence that has one.';
COMMENT ON COLUMN analytics.person_presence.first_join_at IS 'First joining, UTC.';
COMMENT ON COLUMN analytics.person_presence.last_leave_at IS 'Last leaving, UTC.';
COMMENT ON COLUMN analytics.person_presence.presence IS 'Times inside as a multirange, overlapping and adjoining ones merged.';
COMMENT ON COLUMN analytics.person_presence.participants IS 'Number of participants (devices) of the person that were inside.';
COMMENT ON COLUMN analytics.person_presence.has_open_presence IS 'Whether the end of a presence is assumed because nobody recorded it.';
COMMENT ON COLUMN analytics.person_presence.is_inside IS 'Whether the person was inside when the live session was last read.';
COMMENT ON COLUMN analytics.person_presence.has_row_presence IS 'Whether a presence comes from the participant row for want of events.';

CREATE OR REPLACE VIEW analytics.person_presence AS
SELECT s.session_id, i.*
FROM realtimekit.sessions AS s
CROSS JOIN LATERAL (
    SELECT i.person_id,
           (array_agg(i.custom_participant_id ORDER BY i.joined_at, i.participant_id)
               FILTER (WHERE i.custom_participant_id IS NOT NULL))[1] AS custom_participant_id,
           (array_agg(i.display_name ORDER BY i.joined_at, i.participant_id)
               FILTER (WHERE i.display_name IS NOT NULL))[1] AS display_name,
           (array_agg(i.preset_name ORDER BY i.joined_at, i.participant_id)
               FILTER (WHERE i.preset_name IS NOT NULL))[1] AS preset_name,
           min(i.joined_at) AS first_join_at,
           max(i.left_at) AS last_leave_at,
           range_agg(tstzrange(i.joined_at, i.left_at)) AS presence,
           count(DISTINCT i.participant_id) AS participants,
           bool_or(i.is_open) AS has_open_presence,
           bool_or(i.left_at_source = 'last_seen') AS is_inside,
           bool_or(i.interval_source = 'participant_row') AS has_row_presence
    FROM analytics.participant_intervals AS i
    WHERE i.session_id = s.session_id
    GROUP BY i.person_id
) AS i;

COMMENT ON VIEW  analytics.person_presence IS 'Times of a person in a session with overlaps merged: the building block of the views about people. One row a session and person.';
COMMENT ON COLUMN analytics.person_presence.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.person_presence.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
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

CREATE OR REPLACE VIEW analytics.participant_intervals AS
SELECT i.session_id, i.participant_id, analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id,
       CASE WHEN i.is_by_events THEN coalesce(i.peer_id, i.participant_id::text) END AS peer_id,
       p.user_id, p.custom_participant_id, p.display_name, p.preset_name, i.preset_view_type, i.joined_at, i.left_at,
       extract(epoch FROM i.left_at - i.joined_at)::double precision AS present_seconds,
       CASE WHEN i.is_by_events THEN 'peer_events' ELSE 'participant_row' END AS interval_source,
       CASE i.left_at_kind
           WHEN 'r' THEN 'removed_at'
           WHEN 'e' THEN 'session_ended_at'
           WHEN 's' THEN 'last_seen'
           WHEN 'g' THEN 'last_sign'
           WHEN 'l' THEN 'peer_leaving'
           WHEN 'n' THEN 'next_peer_joining'
           ELSE 'participant_left_at'
       END AS left_at_source,
       i.left_at_kind IN ('r', 'e', 's', 'g') AS is_open, p.removed_at IS NOT NULL AS is_removed, i.is_cut
FROM analytics.presences AS i
JOIN realtimekit.participants AS p ON p.session_id = i.session_id AND p.participant_id = i.participant_id
JOIN analytics.session_figures AS f ON f.session_id = i.session_id
LEFT JOIN analytics.settings AS k ON k.app_id = f.app_id AND k.meeting_id = '';

COMMENT ON VIEW  analytics.participant_intervals IS 'Presences: one row each time a peer was inside a session, from PEER_JOINING to PEER_LEAVING of the same peer, or from joined_at to left_at of a participant without any PEER_JOINING. Half-open: a person who leaves at 10:00:00.000 is not present at that instant. Presences of one person may overlap.';
COMMENT ON COLUMN analytics.participant_intervals.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.participant_intervals.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.participant_intervals.person_id IS 'Person within the app: custom_participant_id, else user_id, else participant_id, or as analytics.settings says; see analytics.person_of. Null for a machine, such as a recorder.';
COMMENT ON COLUMN analytics.participant_intervals.peer_id IS 'Peer of the events; null where the presence comes from the participant row. Differs from participant_id after some reconnects.';
COMMENT ON COLUMN analytics.participant_intervals.user_id IS 'Id of the person as enrolled in the meeting.';
COMMENT ON COLUMN analytics.participant_intervals.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.participant_intervals.display_name IS 'Name shown in the session; personal data.';
COMMENT ON COLUMN analytics.participant_intervals.preset_name IS 'Preset (role) of the participant.';
COMMENT ON COLUMN analytics.participant_intervals.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT, as the participant''s joining and leaving events say; null where they do not.';
COMMENT ON COLUMN analytics.participant_intervals.joined_at IS 'Start of the presence, UTC, inclusive; see is_cut.';
COMMENT ON COLUMN analytics.participant_intervals.left_at IS 'End of the presence, UTC, exclusive; see left_at_source and is_cut.';
COMMENT ON COLUMN analytics.participant_intervals.present_seconds IS 'Length of the presence in seconds.';
COMMENT ON COLUMN analytics.participant_intervals.interval_source IS 'peer_events, or participant_row: joined_at and left_at of the participant, for want of a PEER_JOINING.';
COMMENT ON COLUMN analytics.participant_intervals.left_at_source IS 'Where left_at comes from. Recorded: peer_leaving, next_peer_joining (the same peer joined again without leaving), participant_left_at. Assumed: removed_at, session_ended_at, last_seen (still inside when last read), last_sign (last time seen in the session).';
COMMENT ON COLUMN analytics.participant_intervals.is_open IS 'Whether nobody recorded the leaving, so that left_at is assumed.';
COMMENT ON COLUMN analytics.participant_intervals.is_removed IS 'Whether the vendor no longer lists the participant; what was recorded of it still counts.';
COMMENT ON COLUMN analytics.participant_intervals.is_cut IS 'Whether joined_at or left_at was recorded, or assumed, more than a day outside of the session, or left_at more than 31 days after joined_at, and was cut to that.';

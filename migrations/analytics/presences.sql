CREATE OR REPLACE VIEW analytics.presences AS
SELECT s.session_id, i.participant_id, i.joined_at, i.left_at, i.presence_no, i.left_at_kind, i.is_by_events, i.is_cut, i.preset_view_type, i.peer_id
FROM analytics.session_presences AS s
-- All at once, row by row: in FROM each array would be written to a table of its own first.
CROSS JOIN LATERAL (
    SELECT unnest(s.participant_ids) AS participant_id, unnest(s.joined_at) AS joined_at, unnest(s.left_at) AS left_at,
           unnest(s.presence_nos) AS presence_no, unnest(s.left_at_kinds) AS left_at_kind, unnest(s.is_by_events) AS is_by_events,
           unnest(s.is_cut) AS is_cut, unnest(s.preset_view_types) AS preset_view_type, unnest(s.peer_ids) AS peer_id
) AS i;

COMMENT ON VIEW  analytics.presences IS 'Presences of participants, behind the view participant_intervals. One row per presence: an element of the arrays of session_presences.';
COMMENT ON COLUMN analytics.presences.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.presences.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.presences.joined_at IS 'Start of the presence, UTC, inclusive.';
COMMENT ON COLUMN analytics.presences.left_at IS 'End of the presence, UTC, exclusive.';
COMMENT ON COLUMN analytics.presences.presence_no IS 'Number of the presence among those of its participant, from 1.';
COMMENT ON COLUMN analytics.presences.left_at_kind IS 'Where the end comes from: l peer_leaving, n next_peer_joining, p participant_left_at; assumed: r removed_at, e session_ended_at, s last_seen, g last_sign.';
COMMENT ON COLUMN analytics.presences.is_by_events IS 'Whether it comes from peer events, not from the participant row.';
COMMENT ON COLUMN analytics.presences.is_cut IS 'Whether one of its times lay too far out and was cut.';
COMMENT ON COLUMN analytics.presences.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.presences.peer_id IS 'Peer whose events it comes from; null where that is the participant itself. Personal data.';

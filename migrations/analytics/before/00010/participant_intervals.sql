CREATE OR REPLACE VIEW analytics.participant_intervals AS
SELECT b.session_id, w.participant_id,
       coalesce(w.user_id, w.custom_participant_id, w.participant_id::text) AS person_id,
       CASE WHEN j.by_events THEN w.peer_id END AS peer_id,
       w.user_id, w.custom_participant_id, w.display_name, w.preset_name, w.preset_view_type,
       c.joined_at, c.left_at,
       extract(epoch FROM c.left_at - c.joined_at)::double precision AS present_seconds,
       CASE WHEN j.by_events THEN 'peer_events' ELSE 'participant_row' END AS interval_source,
       CASE
           WHEN r.recorded_at IS NULL AND w.removed_at < b.ends_at THEN 'removed_at'
           WHEN r.recorded_at IS NULL THEN b.ends_at_source
           WHEN j.by_events AND (w.net = 0 OR w.next_net < 0) THEN 'peer_leaving'
           WHEN j.by_events AND w.next_net > 0 THEN 'next_peer_joining'
           ELSE 'participant_left_at'
       END AS left_at_source,
       r.recorded_at IS NULL AS is_open,
       w.removed_at IS NOT NULL AS is_removed,
       c.joined_at <> j.joined_at OR c.left_at <> l.left_at AS is_cut
FROM analytics.session_bounds AS b
CROSS JOIN LATERAL (
    -- The next moment at which the same peer came or left for good. At one
    -- instant as many leavings as joinings cancel each other (net 0): they are a
    -- presence of no length and do not end another.
    SELECT m.*,
           lead(m.moved_at) OVER same_peer AS next_at,
           lead(m.net) OVER same_peer AS next_net,
           coalesce(bool_or(m.net >= 0) OVER (PARTITION BY m.participant_id), false) AS has_joining,
           max(m.moment_view_type) OVER (PARTITION BY m.participant_id) AS preset_view_type,
           row_number() OVER (PARTITION BY m.participant_id) AS moment
    FROM (
        SELECT p.session_id, p.participant_id, p.user_id, p.custom_participant_id, p.display_name, p.preset_name,
               p.joined_at AS row_joined_at, p.left_at AS row_left_at, p.removed_at,
               coalesce(e.peer_id, p.participant_id::text) AS peer_id,
               e.created_at AS moved_at,
               sum(CASE e.event_name WHEN 'PEER_JOINING' THEN 1 WHEN 'PEER_LEAVING' THEN -1 END) AS net,
               max(e.preset_view_type) AS moment_view_type
        FROM realtimekit.participants AS p
        LEFT JOIN realtimekit.peer_events AS e
            ON e.session_id = p.session_id AND e.participant_id = p.participant_id
            AND e.event_name IN ('PEER_JOINING', 'PEER_LEAVING') AND e.created_at IS NOT NULL
        WHERE p.session_id = b.session_id
        GROUP BY p.session_id, p.participant_id, coalesce(e.peer_id, p.participant_id::text), e.created_at
    ) AS m
    WINDOW same_peer AS (PARTITION BY m.participant_id, m.peer_id, m.net = 0 ORDER BY m.moved_at)
) AS w
CROSS JOIN LATERAL (
    SELECT w.has_joining AS by_events,
           CASE WHEN w.has_joining THEN w.moved_at ELSE w.row_joined_at END AS joined_at
) AS j
CROSS JOIN LATERAL (
    SELECT CASE
               WHEN NOT j.by_events AND w.row_left_at < w.row_joined_at THEN w.row_joined_at
               WHEN NOT j.by_events THEN w.row_left_at
               WHEN w.net = 0 THEN w.moved_at
               WHEN w.next_at IS NOT NULL THEN w.next_at
               WHEN w.row_left_at > w.moved_at THEN w.row_left_at
           END AS recorded_at
) AS r
CROSS JOIN LATERAL (
    SELECT coalesce(r.recorded_at, greatest(j.joined_at, least(b.ends_at, w.removed_at))) AS left_at
) AS l
-- One absurd time, of a participant or of the session, must not make a presence
-- of years: views and tables by day have a row for each of its days.
-- In hours, since a day has 23 of them in some time zones' spring.
CROSS JOIN LATERAL (
    SELECT least(b.starts_at, b.ends_at) - interval '24 hours' AS earliest, greatest(b.starts_at, b.ends_at) + interval '24 hours' AS latest
) AS o
CROSS JOIN LATERAL (SELECT least(greatest(j.joined_at, o.earliest), o.latest) AS joined_at) AS f
CROSS JOIN LATERAL (
    SELECT f.joined_at, least(greatest(l.left_at, o.earliest), o.latest, f.joined_at + interval '744 hours') AS left_at
) AS c
WHERE w.net >= 0 OR (NOT w.has_joining AND w.moment = 1 AND w.row_joined_at IS NOT NULL);

COMMENT ON VIEW  analytics.participant_intervals IS 'Presences: one row each time a peer was inside a session, from PEER_JOINING to PEER_LEAVING of the same peer, or from joined_at to left_at of a participant without any PEER_JOINING. Half-open: a person who leaves at 10:00:00.000 is not present at that instant. Presences of one person may overlap.';
COMMENT ON COLUMN analytics.participant_intervals.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.participant_intervals.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.participant_intervals.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
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

-- In which sessions of the meeting somebody was is gathered once for each enrolled
-- person, by both ids, whichever of the meeting's sessions are asked for.
CREATE OR REPLACE VIEW analytics.no_shows AS
SELECT s.session_id, e.meeting_participant_id AS person_id, e.custom_participant_id, e.display_name, e.preset_name,
       s.app_id, s.meeting_id, s.meeting_title, s.session_type, s.started_at AS session_started_at, s.ended_at AS session_ended_at,
       e.created_at AS enrolled_at,
       s.status = 'ENDED' AND st.complete_at IS NOT NULL AS is_final,
       s.session_id = ANY (x.seen) AS was_in_waiting_room,
       NOT EXISTS (SELECT 1 FROM realtimekit.participants AS p
                   WHERE p.session_id = s.session_id
                     AND (p.joined_at IS NOT NULL
                          OR EXISTS (SELECT 1 FROM realtimekit.peer_events AS v
                                     WHERE v.session_id = p.session_id AND v.participant_id = p.participant_id
                                       AND v.event_name IN ('PEER_JOINING', 'PEER_LEAVING')))) AS nobody_came,
       cardinality(x.attended)::bigint AS meeting_sessions_attended
FROM realtimekit.sessions AS s
JOIN realtimekit.meeting_participants AS e ON e.app_id = s.app_id AND e.meeting_id = s.meeting_id
LEFT JOIN sync.session_states AS st ON st.session_id = s.session_id
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT p.session_id), '{}') AS seen,
           coalesce(array_agg(DISTINCT p.session_id) FILTER (
               WHERE p.joined_at IS NOT NULL
                  OR EXISTS (SELECT 1 FROM realtimekit.peer_events AS v
                             WHERE v.session_id = p.session_id AND v.participant_id = p.participant_id
                               AND v.event_name IN ('PEER_JOINING', 'PEER_LEAVING'))), '{}') AS attended
    FROM realtimekit.participants AS p
    JOIN realtimekit.sessions AS o ON o.session_id = p.session_id
    WHERE (p.user_id = e.meeting_participant_id OR p.custom_participant_id = e.custom_participant_id)
      AND o.app_id = e.app_id AND o.meeting_id = e.meeting_id
) AS x
WHERE (e.created_at IS NULL OR e.created_at < coalesce(s.ended_at, s.updated_at, s.started_at, s.created_at))
  AND (e.removed_at IS NULL OR e.last_listed_at >= coalesce(s.started_at, s.created_at))
  AND NOT s.session_id = ANY (x.attended);

COMMENT ON VIEW  analytics.no_shows IS 'Who did not come: one row a session and person who was enrolled in its meeting before it ended but never entered it. A person who came under either id (user_id or custom_participant_id), on any device, is not in it; somebody who only waited in the lobby is, and so is everybody of a session that nobody entered. Only meetings whose enrolment was read. People who are enrolled on arrival are never no-shows.';
COMMENT ON COLUMN analytics.no_shows.session_id IS 'Session that the person missed.';
COMMENT ON COLUMN analytics.no_shows.person_id IS 'The person: id of the enrolment, which is person_id (user_id) in the other views.';
COMMENT ON COLUMN analytics.no_shows.custom_participant_id IS 'The customer''s own id of the person.';
COMMENT ON COLUMN analytics.no_shows.display_name IS 'Name of the person, as enrolled.';
COMMENT ON COLUMN analytics.no_shows.preset_name IS 'Preset (role) of the person, as enrolled: tells students from teachers.';
COMMENT ON COLUMN analytics.no_shows.app_id IS 'App of the session.';
COMMENT ON COLUMN analytics.no_shows.meeting_id IS 'Meeting (room, course) of the session.';
COMMENT ON COLUMN analytics.no_shows.meeting_title IS 'Title of the meeting at the time of the session.';
COMMENT ON COLUMN analytics.no_shows.session_type IS 'meeting, livestream or participant (seen with breakout rooms): leave the last out to ask about lessons only.';
COMMENT ON COLUMN analytics.no_shows.session_started_at IS 'When the session began, UTC.';
COMMENT ON COLUMN analytics.no_shows.session_ended_at IS 'When the session ended, UTC; null while it is live.';
COMMENT ON COLUMN analytics.no_shows.enrolled_at IS 'When the person was enrolled, UTC. Somebody enrolled after the end is no no-show of that session.';
COMMENT ON COLUMN analytics.no_shows.is_final IS 'False while the session is live or was not read completely: the person may still turn up.';
COMMENT ON COLUMN analytics.no_shows.was_in_waiting_room IS 'True where the person connected, under either id, but was never let in.';
COMMENT ON COLUMN analytics.no_shows.nobody_came IS 'True where nobody entered the session at all: leave these out to ask about lessons that took place.';
COMMENT ON COLUMN analytics.no_shows.meeting_sessions_attended IS 'How many sessions of this meeting the person did enter; 0 for somebody who never came at all.';

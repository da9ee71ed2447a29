-- Who is enrolled in a meeting, and in which of its sessions each was, is gathered once
-- for a meeting, whichever of its sessions are asked for.
CREATE OR REPLACE VIEW analytics.no_shows AS
SELECT s.session_id, e.person_id, e.custom_participant_id, e.display_name, e.preset_name,
       s.app_id, s.meeting_id, s.meeting_title, s.session_type, s.started_at AS session_started_at, s.ended_at AS session_ended_at,
       e.enrolled_at[1] AS enrolled_at,
       s.status = 'ENDED' AND st.complete_at IS NOT NULL AS is_final,
       s.session_id = ANY (e.seen) AS was_in_waiting_room,
       NOT EXISTS (SELECT 1 FROM realtimekit.participants AS p
                   WHERE p.session_id = s.session_id
                     AND (p.joined_at IS NOT NULL
                          OR EXISTS (SELECT 1 FROM realtimekit.peer_events AS v
                                     WHERE v.session_id = p.session_id AND v.participant_id = p.participant_id
                                       AND v.event_name IN ('PEER_JOINING', 'PEER_LEAVING')))) AS nobody_came,
       cardinality(e.attended)::bigint AS meeting_sessions_attended
FROM realtimekit.sessions AS s
LEFT JOIN sync.session_states AS st ON st.session_id = s.session_id
CROSS JOIN LATERAL (
    SELECT p.*, x.seen, x.attended
    FROM (
        SELECT w.person_id, (array_agg(m.custom_participant_id ORDER BY m.created_at DESC NULLS LAST, m.meeting_participant_id) FILTER (WHERE m.custom_participant_id IS NOT NULL))[1] AS custom_participant_id,
               (array_agg(m.display_name ORDER BY m.created_at DESC NULLS LAST, m.meeting_participant_id) FILTER (WHERE m.display_name IS NOT NULL))[1] AS display_name,
               (array_agg(m.preset_name ORDER BY m.created_at DESC NULLS LAST, m.meeting_participant_id) FILTER (WHERE m.preset_name IS NOT NULL))[1] AS preset_name,
               array_agg(m.meeting_participant_id) AS user_ids,
               array_agg(m.custom_participant_id) FILTER (WHERE NOT m.custom_participant_id = ANY (coalesce(k.nobody_ids, '{guest,recorder}'))) AS custom_ids,
               array_agg(m.created_at ORDER BY m.created_at NULLS LAST) AS enrolled_at,
               array_agg(CASE WHEN m.removed_at IS NOT NULL THEN m.last_listed_at END ORDER BY m.created_at NULLS LAST) AS listed_until
        FROM realtimekit.meeting_participants AS m
        LEFT JOIN analytics.settings AS k ON k.app_id = m.app_id AND k.meeting_id = ''
        CROSS JOIN LATERAL (SELECT analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names,
            m.custom_participant_id, m.meeting_participant_id, NULL, m.preset_name, m.display_name) AS person_id) AS w
        WHERE m.app_id = s.app_id AND m.meeting_id = s.meeting_id AND w.person_id IS NOT NULL
        GROUP BY 1
    ) AS p
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(DISTINCT q.session_id), '{}') AS seen,
               coalesce(array_agg(DISTINCT q.session_id) FILTER (
                   WHERE q.joined_at IS NOT NULL
                      OR EXISTS (SELECT 1 FROM realtimekit.peer_events AS v
                                 WHERE v.session_id = q.session_id AND v.participant_id = q.participant_id
                                   AND v.event_name IN ('PEER_JOINING', 'PEER_LEAVING'))), '{}') AS attended
        FROM realtimekit.participants AS q
        JOIN realtimekit.sessions AS o ON o.session_id = q.session_id
        WHERE (q.user_id = ANY (p.user_ids) OR q.custom_participant_id = ANY (p.custom_ids))
          AND o.app_id = s.app_id AND o.meeting_id = s.meeting_id
    ) AS x
) AS e
WHERE NOT s.session_id = ANY (e.attended)
  AND EXISTS (SELECT FROM unnest(e.enrolled_at, e.listed_until) AS t (enrolled_at, listed_until)
              WHERE (t.enrolled_at IS NULL OR t.enrolled_at < coalesce(s.ended_at, s.updated_at, s.started_at, s.created_at))
                AND (t.listed_until IS NULL OR t.listed_until >= coalesce(s.started_at, s.created_at)));

COMMENT ON VIEW  analytics.no_shows IS 'Who did not come: one row a session and person (one row however often enrolled) who was enrolled in its meeting before it ended but never entered it. A person who came under either id (user_id or custom_participant_id), on any device, is not in it; somebody who only waited in the lobby is, and so is everybody of a session that nobody entered. Only meetings whose enrolment was read. People who are enrolled on arrival are never no-shows.';
COMMENT ON COLUMN analytics.no_shows.session_id IS 'Session that the person missed.';
COMMENT ON COLUMN analytics.no_shows.person_id IS 'Person within the app, as in the other views; see analytics.person_of.';
COMMENT ON COLUMN analytics.no_shows.custom_participant_id IS 'The customer''s own id of the person.';
COMMENT ON COLUMN analytics.no_shows.display_name IS 'Name of the person, as enrolled.';
COMMENT ON COLUMN analytics.no_shows.preset_name IS 'Preset (role) of the person, as enrolled: tells students from teachers.';
COMMENT ON COLUMN analytics.no_shows.app_id IS 'App of the session.';
COMMENT ON COLUMN analytics.no_shows.meeting_id IS 'Meeting (room, course) of the session.';
COMMENT ON COLUMN analytics.no_shows.meeting_title IS 'Title of the meeting at the time of the session.';
COMMENT ON COLUMN analytics.no_shows.session_type IS 'meeting, livestream or participant (seen with breakout rooms): leave the last out to ask about lessons only.';
COMMENT ON COLUMN analytics.no_shows.session_started_at IS 'When the session began, UTC.';
COMMENT ON COLUMN analytics.no_shows.session_ended_at IS 'When the session ended, UTC; null while it is live.';
COMMENT ON COLUMN analytics.no_shows.enrolled_at IS 'When the person was first enrolled, UTC. Somebody enrolled after the end is no no-show of that session.';
COMMENT ON COLUMN analytics.no_shows.is_final IS 'False while the session is live or was not read completely: the person may still turn up.';
COMMENT ON COLUMN analytics.no_shows.was_in_waiting_room IS 'True where the person connected, under either id, but was never let in.';
COMMENT ON COLUMN analytics.no_shows.nobody_came IS 'True where nobody entered the session at all: leave these out to ask about lessons that took place.';
COMMENT ON COLUMN analytics.no_shows.meeting_sessions_attended IS 'How many sessions of this meeting the person did enter; 0 for somebody who never came at all.';

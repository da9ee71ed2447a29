CREATE OR REPLACE VIEW analytics.join_latency AS
SELECT p.session_id, p.participant_id, analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id,
       p.display_name, p.preset_name, e.created_at AS created_event_at, e.joining_at AS joining_event_at,
       extract(epoch FROM e.joining_at - e.created_at)::double precision AS lobby_seconds,
       coalesce(e.joining_at, p.joined_at) AS joined_at,
       extract(epoch FROM coalesce(e.joining_at, p.joined_at) - f.starts_at)::double precision AS late_seconds
FROM analytics.session_figures AS f
JOIN realtimekit.participants AS p ON p.session_id = f.session_id
LEFT JOIN analytics.settings AS k ON k.app_id = f.app_id AND k.meeting_id = ''
CROSS JOIN LATERAL (
    SELECT min(e.joining_at) AS joining_at,
           max(e.created_at) FILTER (WHERE e.event_name = 'PEER_CREATED' AND (e.joining_at IS NULL OR e.created_at <= e.joining_at)) AS created_at
    FROM (SELECT event_name, created_at, min(created_at) FILTER (WHERE event_name = 'PEER_JOINING') OVER () AS joining_at
          FROM realtimekit.peer_events
          WHERE session_id = p.session_id AND participant_id = p.participant_id
            AND event_name IN ('PEER_CREATED', 'PEER_JOINING') AND created_at IS NOT NULL) AS e
) AS e
WHERE coalesce(e.joining_at, p.joined_at, e.created_at) IS NOT NULL;

COMMENT ON VIEW  analytics.join_latency IS 'How long joining took, and how late it was. One row a participant (device); those turned away in the waiting room have no joined_at.';
COMMENT ON COLUMN analytics.join_latency.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.join_latency.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.join_latency.person_id IS 'Person within the app: custom_participant_id, else user_id, else participant_id, or as analytics.settings says; see analytics.person_of. Null for a machine, such as a recorder.';
COMMENT ON COLUMN analytics.join_latency.display_name IS 'Name shown in the session; personal data.';
COMMENT ON COLUMN analytics.join_latency.preset_name IS 'Preset (role) of the participant.';
COMMENT ON COLUMN analytics.join_latency.created_event_at IS 'Last PEER_CREATED that is not after the first PEER_JOINING, UTC; null where there is none.';
COMMENT ON COLUMN analytics.join_latency.joining_event_at IS 'First PEER_JOINING, UTC; null where there is none.';
COMMENT ON COLUMN analytics.join_latency.lobby_seconds IS 'Seconds from created_event_at to joining_event_at: set-up screen and waiting room; null where one is missing.';
COMMENT ON COLUMN analytics.join_latency.joined_at IS 'First joining, UTC: joining_event_at, else joined_at of the participant; null where it never joined.';
COMMENT ON COLUMN analytics.join_latency.late_seconds IS 'Seconds from the start of the session to joined_at; negative where it was before.';

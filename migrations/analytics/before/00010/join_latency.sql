CREATE OR REPLACE VIEW analytics.join_latency AS
SELECT b.session_id, j.participant_id, j.person_id, j.display_name, j.preset_name, j.created_event_at, j.joining_event_at,
       extract(epoch FROM j.joining_event_at - j.created_event_at)::double precision AS lobby_seconds,
       coalesce(j.joining_event_at, j.row_joined_at) AS joined_at,
       extract(epoch FROM coalesce(j.joining_event_at, j.row_joined_at) - b.starts_at)::double precision AS late_seconds
FROM analytics.session_bounds AS b
CROSS JOIN LATERAL (
    SELECT p.participant_id, coalesce(p.user_id, p.custom_participant_id, p.participant_id::text) AS person_id,
           p.display_name, p.preset_name, p.joined_at AS row_joined_at,
           min(e.joining_at) AS joining_event_at,
           max(e.created_at) FILTER (WHERE e.event_name = 'PEER_CREATED'
               AND (e.joining_at IS NULL OR e.created_at <= e.joining_at)) AS created_event_at
    FROM realtimekit.participants AS p
    LEFT JOIN (
        SELECT participant_id, event_name, created_at,
               min(created_at) FILTER (WHERE event_name = 'PEER_JOINING') OVER (PARTITION BY participant_id) AS joining_at
        FROM realtimekit.peer_events
        WHERE session_id = b.session_id AND event_name IN ('PEER_CREATED', 'PEER_JOINING') AND created_at IS NOT NULL
    ) AS e ON e.participant_id = p.participant_id
    WHERE p.session_id = b.session_id
    GROUP BY p.session_id, p.participant_id
) AS j
WHERE coalesce(j.joining_event_at, j.row_joined_at, j.created_event_at) IS NOT NULL;

COMMENT ON VIEW  analytics.join_latency IS 'How long joining took, and how late it was. One row a participant (device); those turned away in the waiting room have no joined_at.';
COMMENT ON COLUMN analytics.join_latency.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.join_latency.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.join_latency.person_id IS 'Person within the app: the participant''s user_id, else its custom_participant_id, else its participant_id.';
COMMENT ON COLUMN analytics.join_latency.display_name IS 'Name shown in the session; personal data.';
COMMENT ON COLUMN analytics.join_latency.preset_name IS 'Preset (role) of the participant.';
COMMENT ON COLUMN analytics.join_latency.created_event_at IS 'Last PEER_CREATED that is not after the first PEER_JOINING, UTC; null where there is none.';
COMMENT ON COLUMN analytics.join_latency.joining_event_at IS 'First PEER_JOINING, UTC; null where there is none.';
COMMENT ON COLUMN analytics.join_latency.lobby_seconds IS 'Seconds from created_event_at to joining_event_at: set-up screen and waiting room; null where one is missing.';
COMMENT ON COLUMN analytics.join_latency.joined_at IS 'First joining, UTC: joining_event_at, else joined_at of the participant; null where it never joined.';
COMMENT ON COLUMN analytics.join_latency.late_seconds IS 'Seconds from the start of the session to joined_at; negative where it was before.';

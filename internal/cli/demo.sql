-- Attendance of one session: the minutes between joining and leaving, with
-- rejoins and two devices of one person merged and not added up.
WITH events AS (
    SELECT p.session_id, coalesce(p.custom_participant_id, p.user_id, p.participant_id::text) AS person,
           p.display_name, p.preset_name, p.joined_at, e.event_name, e.created_at,
           lead(e.created_at) OVER (
               PARTITION BY e.session_id, e.participant_id
               ORDER BY e.created_at, e.event_name) AS next_at,
           coalesce(p.left_at, s.ended_at, s.updated_at) AS end_at
    FROM realtimekit.sessions AS s
    JOIN realtimekit.participants AS p USING (session_id)
    JOIN realtimekit.peer_events AS e USING (session_id, participant_id)
    WHERE s.session_id = $1 AND e.event_name IN ('PEER_JOINING', 'PEER_LEAVING')
), merged AS (
    SELECT person, min(display_name) AS name, min(preset_name) AS preset,
           range_agg(tstzrange(created_at, greatest(created_at, coalesce(next_at, end_at)))) AS stays
    FROM events
    WHERE event_name = 'PEER_JOINING'
    GROUP BY person
)
SELECT name, coalesce(preset, ''), lower(stays), upper(stays),
       (SELECT sum(extract(epoch FROM upper(stay) - lower(stay))) / 60 FROM unnest(stays) AS stay)::float8,
       (SELECT count(*) FROM unnest(stays))
FROM merged
ORDER BY 3, 1
LIMIT 12

-- analytics.join_latency where Citus has the tables: the same rows. The events of a
-- participant also stand under the session's id, by which Citus sees that a question about
-- one session is for one shard.
CREATE OR REPLACE VIEW analytics.join_latency AS
SELECT p.session_id, p.participant_id, analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id,
       p.display_name, p.preset_name, e.created_at AS created_event_at, e.joining_at AS joining_event_at,
       extract(epoch FROM e.joining_at - e.created_at)::double precision AS lobby_seconds,
       coalesce(e.joining_at, p.joined_at) AS joined_at,
       extract(epoch FROM coalesce(e.joining_at, p.joined_at) - f.starts_at)::double precision AS late_seconds
FROM analytics.session_figures AS f
JOIN realtimekit.participants AS p ON p.session_id = f.session_id
LEFT JOIN analytics.settings AS k ON k.app_id = f.app_id AND k.meeting_id = ''
LEFT JOIN LATERAL (
    SELECT e.session_id, min(e.joining_at) AS joining_at,
           max(e.created_at) FILTER (WHERE e.event_name = 'PEER_CREATED' AND (e.joining_at IS NULL OR e.created_at <= e.joining_at)) AS created_at
    FROM (SELECT session_id, event_name, created_at, min(created_at) FILTER (WHERE event_name = 'PEER_JOINING') OVER (PARTITION BY session_id) AS joining_at
          FROM realtimekit.peer_events
          WHERE session_id = p.session_id AND participant_id = p.participant_id
            AND event_name IN ('PEER_CREATED', 'PEER_JOINING') AND created_at IS NOT NULL) AS e
    GROUP BY e.session_id
) AS e ON e.session_id = p.session_id
WHERE coalesce(e.joining_at, p.joined_at, e.created_at) IS NOT NULL;

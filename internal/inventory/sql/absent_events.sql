-- $1 session, $2 participants, $3 events, $4 to $6 what the API says of them: how many
-- events are not stored though their participant is, and how many are with other values.
-- An event that was set aside is not counted.
SELECT count(*) FILTER (WHERE NOT stored), count(*) FILTER (WHERE stored AND NOT same)
FROM (SELECT bool_or(e.event_id IS NOT NULL) AS stored,
             bool_or((e.event_name, e.peer_id, e.created_at) IS NOT DISTINCT FROM (a.event_name, a.peer_id, a.created_at)) AS same
      FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[]) AS a (participant_id, event_id, event_name, peer_id, created_at)
      JOIN realtimekit.participants AS p ON p.session_id = $1 AND p.participant_id = a.participant_id
      LEFT JOIN realtimekit.peer_events AS e
        ON e.session_id = $1 AND e.participant_id = a.participant_id AND e.event_id = a.event_id
      GROUP BY a.participant_id, a.event_id) AS t

-- $1 session, $2 participants, $3 events: how many events are not stored though
-- their participant is. An event that was set aside is not counted.
SELECT count(*)
FROM unnest($2::uuid[], $3::uuid[]) AS a (participant_id, event_id)
JOIN realtimekit.participants AS p ON p.session_id = $1 AND p.participant_id = a.participant_id
WHERE NOT EXISTS (SELECT 1 FROM realtimekit.peer_events AS e
    WHERE e.session_id = $1 AND e.participant_id = a.participant_id AND e.event_id = a.event_id)

-- $1 session, $2 run.
INSERT INTO realtimekit.peer_events (
    session_id, participant_id, event_id, event_name, peer_id, socket_session_id, preset_view_type,
    minutes_consumed, created_at, updated_at, own_ids, extra, repairs, first_synced_at, synced_at, run_id)
SELECT DISTINCT ON (s.participant_id, s.event_id)
    $1::uuid, s.participant_id, s.event_id, s.event_name, s.peer_id, s.socket_session_id, s.preset_view_type,
    s.minutes_consumed, s.created_at, s.updated_at, s.own_ids, s.extra, s.repairs, now(), now(), $2::bigint
FROM pg_temp.staged_peer_events AS s
ORDER BY s.participant_id, s.event_id, s.updated_at DESC NULLS LAST, s.seq DESC
ON CONFLICT (session_id, participant_id, event_id) DO NOTHING

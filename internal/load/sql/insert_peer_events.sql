-- $1 session, $2 run.
INSERT INTO realtimekit.peer_events (session_id, {columns}, first_synced_at, synced_at, run_id)
SELECT DISTINCT ON (s.participant_id, s.event_id) $1::uuid, {s.columns}, now(), now(), $2::bigint
FROM pg_temp.staged_peer_events AS s
ORDER BY s.participant_id, s.event_id, s.updated_at DESC NULLS LAST, s.seq DESC
ON CONFLICT (session_id, participant_id, event_id) DO NOTHING

-- $1 session, $2 run. In two passes, as insert_peer_events.sql has them.
INSERT INTO realtimekit.participants (session_id, {columns}, first_synced_at, synced_at, run_id)
WITH newest AS MATERIALIZED (
    SELECT *, row_number() OVER () AS no FROM (
        SELECT DISTINCT ON (s.participant_id) {s.columns}
        FROM pg_temp.staged_participants AS s
        ORDER BY s.participant_id, s.updated_at DESC NULLS LAST, s.seq DESC) AS s
)
SELECT $1::uuid, {s.columns}, now(), now(), $2::bigint FROM newest AS s WHERE no % 13 % 2 = 0
UNION ALL
SELECT $1::uuid, {s.columns}, now(), now(), $2::bigint FROM newest AS s WHERE no % 13 % 2 = 1
ON CONFLICT (session_id, participant_id) DO NOTHING

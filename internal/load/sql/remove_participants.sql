-- $1 session, $2 run, $3 number of the full pass, $4 participants that the pass
-- listed but that were set aside. Local and distributed tables meet in a subquery
-- only, as Citus asks.
WITH listed AS (
    SELECT DISTINCT participant_id FROM pg_temp.staged_participants WHERE pass = $3
), gone AS (
    SELECT p.participant_id
    FROM realtimekit.participants AS p
    LEFT JOIN listed AS l ON l.participant_id = p.participant_id
    WHERE p.session_id = $1 AND p.removed_at IS NULL AND l.participant_id IS NULL
      AND p.participant_id <> ALL ($4::uuid[])
)
UPDATE realtimekit.participants AS t
SET removed_at = now(), synced_at = now(), run_id = $2
FROM gone
WHERE t.session_id = $1 AND t.participant_id = gone.participant_id

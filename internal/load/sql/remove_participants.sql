-- $1 session, $2 run, $3 number of the full pass, $4 participants that the pass
-- listed but that were set aside. Local and distributed tables meet in a subquery
-- only, as Citus asks. EXCEPT is never a loop within a loop, as a join is for a
-- planner without statistics.
WITH listed AS (
    SELECT DISTINCT participant_id FROM pg_temp.staged_participants WHERE pass = $3
), gone AS (
    SELECT participant_id
    FROM realtimekit.participants
    WHERE session_id = $1 AND removed_at IS NULL AND participant_id <> ALL ($4::uuid[])
    EXCEPT SELECT participant_id FROM listed
)
UPDATE realtimekit.participants AS t
SET removed_at = now(), synced_at = now(), run_id = $2
FROM gone
WHERE t.session_id = $1 AND t.participant_id = gone.participant_id

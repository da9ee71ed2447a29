-- $1 run, $2 app, $3 meeting, $4 sessions, $5 ended, $6 distinct, $7 announced,
-- $8 failure, $9 model.Absence, $10 whether nobody was listed and no count announced,
-- $11 digest of the sessions.
-- A meeting is done with when it was read soundly or is given up (the third 404 in a
-- row). Else it stays due; the second failure in a row waits a quarter of an hour, each
-- further one twice as long.
WITH verdict AS (
    SELECT t.*, $8::text IS NULL AS sound,
           $9::smallint = 2 OR $9 = 1 AND coalesce(t.not_found, 0) >= 2 AS gone,
           coalesce(t.attempts, 0) AS failed_before
    FROM (VALUES (1)) AS one LEFT JOIN sync.meeting_states AS t ON t.app_id = $2 AND t.meeting_id = $3
)
INSERT INTO sync.meeting_states AS t (
    app_id, meeting_id, sessions_seen, sessions_ended, distinct_people, announced_people, read_at, gone_at,
    attempts, not_found, retry_at, tried_sessions, tried_ended, empty_since, last_error, run_id,
    sessions_digest, tried_digest, stored_people)
SELECT $2, $3,
       CASE WHEN sound OR gone THEN $4::bigint ELSE sessions_seen END,
       CASE WHEN sound OR gone THEN $5::bigint ELSE sessions_ended END,
       $6::bigint, $7::bigint,
       CASE WHEN sound THEN now() ELSE read_at END,
       CASE WHEN gone THEN coalesce(gone_at, now()) END,
       CASE WHEN sound OR gone THEN 0 ELSE failed_before + 1 END,
       CASE WHEN $9 = 1 THEN coalesce(not_found, 0) + 1 ELSE 0 END,
       CASE WHEN sound OR gone THEN NULL
            WHEN failed_before = 0 THEN now()
            ELSE now() + least(interval '1 day', interval '15 minutes' * 2 ^ least(failed_before - 1, 10)) END,
       CASE WHEN NOT (sound OR gone) THEN $4 END,
       CASE WHEN NOT (sound OR gone) THEN $5 END,
       CASE WHEN $10::boolean THEN CASE WHEN empty_since <= now() THEN empty_since ELSE now() END END,
       $8, $1::bigint,
       CASE WHEN sound OR gone THEN $11::bigint ELSE sessions_digest END,
       CASE WHEN NOT (sound OR gone) THEN $11 END,
       CASE WHEN sound THEN (SELECT count(*) FROM realtimekit.meeting_participants WHERE app_id = $2 AND meeting_id = $3)
            ELSE stored_people END
FROM verdict
ON CONFLICT (app_id, meeting_id) DO UPDATE
SET (sessions_seen, sessions_ended, distinct_people, announced_people, read_at, gone_at,
     attempts, not_found, retry_at, tried_sessions, tried_ended, empty_since, last_error, run_id,
     sessions_digest, tried_digest, stored_people) = ROW (
     excluded.sessions_seen, excluded.sessions_ended, excluded.distinct_people, excluded.announced_people, excluded.read_at,
     excluded.gone_at, excluded.attempts, excluded.not_found, excluded.retry_at, excluded.tried_sessions,
     excluded.tried_ended, excluded.empty_since, excluded.last_error, excluded.run_id,
     excluded.sessions_digest, excluded.tried_digest, excluded.stored_people)

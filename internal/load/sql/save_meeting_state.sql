-- $1 run, $2 app, $3 meeting, $4 sessions, $5 ended, $6 distinct, $7 announced,
-- $8 failure, $9 model.Absence. What failed stays due, unless the meeting is given
-- up: the sessions seen are those of the last sound reading, or of that moment.
INSERT INTO sync.meeting_states AS t (app_id, meeting_id, sessions_seen, sessions_ended, distinct_people,
                                      announced_people, read_at, gone_at, attempts, not_found, last_error, run_id)
VALUES ($2, $3, CASE WHEN $8::text IS NULL OR $9 = 2 THEN $4::bigint END, CASE WHEN $8::text IS NULL OR $9 = 2 THEN $5::bigint END,
        $6, $7, CASE WHEN $8::text IS NULL THEN now() END, CASE WHEN $9 = 2 THEN now() END,
        CASE WHEN $8::text IS NULL OR $9 = 2 THEN 0 ELSE 1 END, CASE WHEN $9::smallint = 1 THEN 1 ELSE 0 END, $8, $1)
ON CONFLICT (app_id, meeting_id) DO UPDATE
SET sessions_seen = CASE WHEN $9 = 1 AND t.not_found >= 2 THEN $4 ELSE coalesce(excluded.sessions_seen, t.sessions_seen) END,
    sessions_ended = CASE WHEN $9 = 1 AND t.not_found >= 2 THEN $5 ELSE coalesce(excluded.sessions_ended, t.sessions_ended) END,
    distinct_people = $6, announced_people = $7,
    read_at = coalesce(excluded.read_at, t.read_at),
    gone_at = CASE WHEN $9 = 2 OR $9 = 1 AND t.not_found >= 2 THEN coalesce(t.gone_at, now()) END,
    attempts = CASE WHEN excluded.attempts = 0 OR $9 = 1 AND t.not_found >= 2 THEN 0 ELSE t.attempts + 1 END,
    not_found = CASE WHEN $9 = 1 THEN t.not_found + 1 ELSE 0 END,
    last_error = $8, run_id = $1

-- $1 run, $2 app, $3 meeting, $4 sessions, $5 ended, $6 distinct, $7 announced,
-- $8 failure, $9 whether the API does not know the meeting. What failed stays
-- due: the sessions seen are those of the last sound reading.
INSERT INTO sync.meeting_states AS t (app_id, meeting_id, sessions_seen, sessions_ended, distinct_people,
                                      announced_people, read_at, gone_at, attempts, last_error, run_id)
VALUES ($2, $3, CASE WHEN $8::text IS NULL OR $9 THEN $4::bigint END, CASE WHEN $8::text IS NULL OR $9 THEN $5::bigint END,
        $6, $7, CASE WHEN $8::text IS NULL THEN now() END, CASE WHEN $9 THEN now() END,
        CASE WHEN $8::text IS NULL OR $9 THEN 0 ELSE 1 END, $8, $1)
ON CONFLICT (app_id, meeting_id) DO UPDATE
SET sessions_seen = coalesce(excluded.sessions_seen, t.sessions_seen),
    sessions_ended = coalesce(excluded.sessions_ended, t.sessions_ended),
    distinct_people = $6, announced_people = $7,
    read_at = coalesce(excluded.read_at, t.read_at),
    gone_at = CASE WHEN $9 THEN coalesce(t.gone_at, now()) END,
    attempts = CASE WHEN excluded.attempts = 0 THEN 0 ELSE t.attempts + 1 END,
    last_error = $8, run_id = $1

-- $1 sessions, each once, $2 their accounts, $3 their apps, $4 whether they ended, $5 in how
-- many seconds they are to be read, $6 seconds within which a job that is there is
-- enough: above 0 for a list, which is no new wish, $7 for which of them a job that is
-- there is enough at any time. Rows are locked in one order.
INSERT INTO sync.session_jobs AS j (session_id, account_id, app_id, has_ended, due_at)
SELECT a.session_id, a.account_id, a.app_id, a.has_ended, now() + a.seconds * interval '1 second'
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::float8[]) AS a (session_id, account_id, app_id, has_ended, seconds)
ORDER BY a.session_id
ON CONFLICT (session_id) DO UPDATE SET
    wanted    = j.wanted + CASE WHEN $6 > 0 THEN 0 ELSE 1 END,
    looks     = CASE WHEN $6 > 0 THEN j.looks ELSE 0 END,
    wanted_at = CASE WHEN $6 > 0 THEN j.wanted_at ELSE now() END,
    has_ended = j.has_ended OR excluded.has_ended,
    is_early  = NOT ($7::boolean[])[array_position($1::uuid[], excluded.session_id)] AND j.due_at > excluded.due_at + $6 * interval '1 second',
    due_at    = CASE WHEN NOT ($7::boolean[])[array_position($1::uuid[], excluded.session_id)] AND j.due_at > excluded.due_at + $6 * interval '1 second' THEN excluded.due_at ELSE j.due_at END
RETURNING session_id, account_id, app_id, job_id, is_early, due_at, due_at <= now(), now()

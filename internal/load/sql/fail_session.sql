-- $1 session, $2 app, $3 run, $4 created_at, $5 status, $6 error, $7 model.Absence, $8 fingerprint.
-- The second failure in a row waits a quarter of an hour, each further one twice as long.
INSERT INTO sync.session_states AS t (session_id, app_id, run_id, created_at, status, attempts, not_found, retry_at, tried_fingerprint, failed_at, last_error, gone_at)
VALUES ($1, $2, $3, $4, $5, 1, CASE WHEN $7::smallint = 1 THEN 1 ELSE 0 END, now(), $8, now(), $6, CASE WHEN $7 = 2 THEN now() END)
ON CONFLICT (session_id) DO UPDATE
SET run_id = excluded.run_id, attempts = t.attempts + 1, last_error = excluded.last_error,
    tried_fingerprint = excluded.tried_fingerprint, failed_at = excluded.failed_at,
    not_found = CASE WHEN $7 = 1 THEN t.not_found + 1 ELSE 0 END,
    -- By way of UTC, since a sum that may depend on the session's time zone is refused here by Citus.
    retry_at = (excluded.failed_at AT TIME ZONE 'UTC'
                + CASE WHEN t.attempts = 0 THEN interval '0'
                       ELSE least(interval '1 day', interval '15 minutes' * 2 ^ least(t.attempts - 1, 10)) END) AT TIME ZONE 'UTC',
    -- What is called failed is tried again, listed or not.
    settled_at = NULL,
    gone_at = CASE WHEN $7 = 2 OR ($7 = 1 AND t.not_found >= 2) THEN coalesce(t.gone_at, excluded.failed_at) ELSE t.gone_at END

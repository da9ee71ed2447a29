-- $1 session, $2 run, $3 fingerprint, $4 status, $5 created_at, $6 distinct, $7 announced, $8 read_at,
-- $9 complete, $10 settled, $11 problem, $12 app,
-- $13 participants that are not stored since the person was erased, $14 and $15 rows of
-- the session's participants and events, $16 the time of the transaction. Written last: whoever sees it
-- sees the rows too. Of one table alone, so that Citus keeps the plan; it takes no function in an
-- UPDATE whose answer may depend on the session's time zone, hence the way by UTC.
UPDATE sync.session_states
SET run_id = $2, fingerprint = $3::bytea, status = $4, created_at = $5,
    distinct_participants = $6, announced_participants = $7, read_at = $8,
    complete_at = CASE WHEN $9 THEN coalesce(complete_at, $16::timestamptz) END,
    settled_at = CASE WHEN $10 THEN coalesce(settled_at, $16::timestamptz) END,
    gone_at = NULL,
    failed_at = NULL,
    not_found = 0,
    attempts = CASE WHEN $11::text IS NULL THEN 0 ELSE attempts + 1 END,
    retry_at = CASE WHEN $11::text IS NULL THEN NULL
                    WHEN attempts = 0 THEN $16::timestamptz
                    ELSE ($16::timestamptz AT TIME ZONE 'UTC'
                          + least(interval '1 day', interval '15 minutes' * 2 ^ least(attempts - 1, 10))) AT TIME ZONE 'UTC' END,
    tried_fingerprint = CASE WHEN $11::text IS NULL THEN NULL ELSE $3::bytea END,
    last_error = $11, app_id = $12, erased_participants = $13,
    stored_participants = $14::bigint, stored_events = $15::bigint
WHERE session_id = $1

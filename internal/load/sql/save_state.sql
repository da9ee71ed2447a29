-- $1 session, $2 run, $3 fingerprint, $4 status, $5 created_at, $6 distinct, $7 announced, $8 read_at,
-- $9 complete, $10 settled, $11 problem, $12 app,
-- $13 participants that are not stored since the person was erased, $14 and $15 rows of
-- the session's participants and events, null where they are to be counted. Written last: whoever sees it sees the rows too.
-- What depends on the time is told before, since a distributed table takes no such thing in an UPDATE.
WITH next AS MATERIALIZED (
    SELECT session_id,
           CASE WHEN $9 THEN coalesce(complete_at, now()) END AS complete_at,
           CASE WHEN $10 THEN coalesce(settled_at, now()) END AS settled_at,
           CASE WHEN $11::text IS NULL THEN 0 ELSE attempts + 1 END AS attempts,
           CASE WHEN $11::text IS NULL THEN NULL
                WHEN attempts = 0 THEN now()
                ELSE now() + least(interval '1 day', interval '15 minutes' * 2 ^ least(attempts - 1, 10)) END AS retry_at,
           coalesce($14::bigint, (SELECT count(*) FROM realtimekit.participants AS p WHERE p.session_id = $1)) AS participants,
           coalesce($15::bigint, (SELECT count(*) FROM realtimekit.peer_events AS e WHERE e.session_id = $1)) AS events
    FROM sync.session_states
    WHERE session_id = $1 AND (read_at IS NULL OR read_at <= $8 OR read_at > clock_timestamp())
)
UPDATE sync.session_states AS t
SET run_id = $2, fingerprint = $3::bytea, status = $4, created_at = $5,
    distinct_participants = $6, announced_participants = $7, read_at = $8,
    complete_at = next.complete_at,
    settled_at = next.settled_at,
    gone_at = NULL,
    failed_at = NULL,
    not_found = 0,
    attempts = next.attempts,
    retry_at = next.retry_at,
    tried_fingerprint = CASE WHEN $11::text IS NULL THEN NULL ELSE $3::bytea END,
    last_error = $11, app_id = $12, erased_participants = $13,
    stored_participants = next.participants,
    stored_events = next.events
FROM next
WHERE t.session_id = $1 AND next.session_id = t.session_id

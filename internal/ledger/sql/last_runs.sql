-- $1 account. How the runs of each kind went: the newest, and the newest that
-- came to its end. A run that was stopped before it is partial and has an error.
WITH newest AS (
    SELECT DISTINCT ON (kind) kind, status, started_at, finished_at
    FROM sync.runs WHERE account_id = $1 ORDER BY kind, started_at DESC, run_id DESC)
SELECT kind, status, started_at, finished_at,
       (SELECT max(r.finished_at) FROM sync.runs AS r
        WHERE r.account_id = $1 AND r.kind = n.kind
          AND (r.status = 'succeeded' OR r.status = 'partial' AND r.error IS NULL)),
       (SELECT max(r.finished_at) FROM sync.runs AS r
        WHERE r.account_id = $1 AND r.kind = n.kind AND r.status = 'succeeded')
FROM newest AS n ORDER BY kind

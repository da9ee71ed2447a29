-- Whether sessions wait to be counted and no job is there that counts them. That one ends with
-- this question, so that one that runs is enough.
SELECT CASE WHEN EXISTS (
    SELECT 1 FROM rollcall_queue.river_job
    WHERE queue = 'usage' AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled') AND kind = 'refresh_usage') THEN false
ELSE EXISTS (SELECT 1 FROM analytics.stale_sessions) END

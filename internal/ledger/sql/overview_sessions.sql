-- $1 account. Every session is counted in the total and once besides.
SELECT count(*),
       count(*) FILTER (WHERE kind = 'live'),
       count(*) FILTER (WHERE kind = 'settling'),
       count(*) FILTER (WHERE kind = 'settled'),
       count(*) FILTER (WHERE kind = 'incomplete'),
       count(*) FILTER (WHERE kind = 'failed'),
       count(*) FILTER (WHERE kind = 'unread'),
       count(*) FILTER (WHERE kind = 'gone')
FROM (
    SELECT CASE
        WHEN gone_at IS NOT NULL THEN 'gone'
        WHEN failed_at IS NOT NULL THEN 'failed'
        WHEN last_error IS NOT NULL THEN 'incomplete'
        WHEN read_at IS NULL THEN 'unread'
        WHEN settled_at IS NOT NULL THEN 'settled'
        WHEN complete_at IS NOT NULL THEN 'settling'
        ELSE 'live' END AS kind
    FROM sync.session_states
    WHERE app_id IN (SELECT app_id FROM realtimekit.apps WHERE account_id = $1)) AS states

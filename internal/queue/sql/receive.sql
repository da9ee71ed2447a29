-- $1 sessions, $2 names of events, $3 apps (empty where the body did not tell), $4 webhooks,
-- $5 digests, $6 how often each came, $7 our accounts. What is not of an app of theirs is
-- left out. A session that was read is read in its app, whatever app of ours the event names:
-- that an event's organizedBy is the app, no document says. It alone counts without a name.
WITH events AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[])
        AS e (session_id, event_name, told_app, webhook_id, digest, times)),
ours AS (
    SELECT DISTINCT ON (e.session_id, e.event_name) e.*,
        coalesce(h.app_id, a.app_id) AS app_id, coalesce(h.account_id, a.account_id) AS account_id
    FROM events AS e
    LEFT JOIN sync.session_states AS s ON s.session_id = e.session_id
    JOIN realtimekit.apps AS a ON a.app_id = coalesce(nullif(e.told_app, ''), s.app_id)
    LEFT JOIN realtimekit.apps AS h ON h.app_id = s.app_id AND s.fingerprint IS NOT NULL AND s.gone_at IS NULL
        AND h.account_id = ANY ($7::text[])
    WHERE a.account_id = ANY ($7::text[])
    ORDER BY e.session_id, e.event_name, a.app_id),
heard AS (
    INSERT INTO sync.app_webhooks AS w (app_id) SELECT DISTINCT app_id FROM ours ORDER BY app_id
    ON CONFLICT (app_id) DO UPDATE SET last_event_at = now() WHERE w.last_event_at < now() - interval '1 minute'),
kept AS (
    INSERT INTO sync.webhook_events AS w (session_id, event_name, app_id, webhook_id, digest, times_received)
    SELECT session_id, event_name, app_id, webhook_id, digest, times FROM ours ORDER BY session_id, event_name
    ON CONFLICT (session_id, event_name) DO UPDATE SET
        digest = excluded.digest, webhook_id = excluded.webhook_id, last_received_at = now(),
        times_received = w.times_received + excluded.times_received)
SELECT session_id, event_name, told_app, account_id, app_id FROM ours

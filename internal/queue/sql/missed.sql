-- $1 app, $2 sessions that a list shows for the first time, $3 when they began by the API's
-- clock. Those of which a webhook should have told by now, and none did, are counted. One that
-- waits to be read was counted already, or a webhook told of it.
UPDATE sync.app_webhooks AS w SET missed = w.missed + n.missed, missed_at = now()
FROM (SELECT count(*) AS missed
      FROM unnest($2::uuid[], $3::timestamptz[]) AS s (session_id, created_at), sync.app_webhooks AS a
      WHERE a.app_id = $1 AND s.created_at > a.first_event_at AND s.created_at < now() - interval '2 minutes'
        AND NOT EXISTS (SELECT FROM sync.webhook_events AS e WHERE e.session_id = s.session_id)
        AND NOT EXISTS (SELECT FROM sync.session_jobs AS j WHERE j.session_id = s.session_id)) AS n
WHERE w.app_id = $1 AND n.missed > 0

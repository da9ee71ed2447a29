-- $1 account, $2 horizon. What the vendor still calls live a day after
-- the horizon was left open by a crash: a meeting lasts a day at most.
SELECT s.session_id
FROM realtimekit.sessions AS s
JOIN realtimekit.apps AS a USING (app_id)
WHERE a.account_id = $1
  AND CASE WHEN s.status = 'ENDED' THEN coalesce(s.ended_at, s.updated_at, s.started_at, s.created_at) < $2
           ELSE coalesce(greatest(s.updated_at, s.started_at, s.created_at), s.first_synced_at) < $2::timestamptz - interval '1 day' END

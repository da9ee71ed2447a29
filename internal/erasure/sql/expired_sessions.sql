-- $1 account, $2 horizon. What the vendor still calls live a day after
-- the horizon was left open by a crash: a meeting lasts a day at most. An end far behind
-- all other times of a session, as an older version stored it, is none: model.IsFarBehind.
SELECT s.session_id
FROM realtimekit.sessions AS s
JOIN realtimekit.apps AS a USING (app_id)
WHERE a.account_id = $1
  AND CASE WHEN s.status = 'ENDED' THEN
           coalesce(CASE WHEN s.ended_at > greatest(s.updated_at, s.started_at, s.created_at) + interval '744 hours' THEN NULL ELSE s.ended_at END,
                    s.updated_at, s.started_at, s.created_at) < $2
           ELSE coalesce(greatest(s.updated_at, s.started_at, s.created_at), s.first_synced_at) < $2::timestamptz - interval '1 day' END

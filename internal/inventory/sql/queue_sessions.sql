-- $1 run, $2 sessions, $3 their apps, $4 why. The next run reads them, listed or not.
INSERT INTO sync.session_states AS t (session_id, app_id, status, created_at, last_error, run_id)
SELECT k.session_id, k.app_id, s.status, coalesce(s.created_at, s.started_at), k.reason, $1
FROM unnest($2::uuid[], $3::text[], $4::text[]) AS k (session_id, app_id, reason)
LEFT JOIN realtimekit.sessions AS s ON s.session_id = k.session_id
ORDER BY k.session_id
ON CONFLICT (session_id) DO UPDATE
SET complete_at = NULL, settled_at = NULL, peers_asked_at = NULL, attempts = 0, not_found = 0, retry_at = NULL,
    tried_fingerprint = NULL, last_error = excluded.last_error

-- $1 app, $2 most. Due is what a sound reading has not seen: a digest tells which
-- sessions there are and which of them have ended, where a count would not tell one
-- session from another that took its place. Those that failed before come last, so
-- that one of them cannot keep the others from being read, and those that wait for
-- another try at the end. A retry further off than the pause after so many attempts
-- was noted by a clock that was ahead, and none waits for it.
SELECT m.meeting_id, m.sessions, m.ended, m.digest, w.waits, coalesce(t.empty_since <= now() - interval '15 minutes', false)
FROM (SELECT meeting_id, count(*) AS sessions, count(*) FILTER (WHERE status = 'ENDED') AS ended,
             bit_xor(uuid_hash_extended(session_id, CASE WHEN status = 'ENDED' THEN 1 ELSE 0 END)) AS digest,
             max(created_at) AS newest
      FROM realtimekit.sessions
      WHERE app_id = $1 AND meeting_id IS NOT NULL
      GROUP BY meeting_id) AS m
LEFT JOIN sync.meeting_states AS t ON t.app_id = $1 AND t.meeting_id = m.meeting_id
CROSS JOIN LATERAL (
    SELECT coalesce(t.retry_at > now() AND t.retry_at <= now() + least(interval '1 day', interval '15 minutes' * 2 ^ least(coalesce(nullif(t.attempts, 0), 12) - 2, 10))
                    AND t.tried_digest = m.digest, false) AS waits) AS w
WHERE t.sessions_seen IS NULL OR t.sessions_digest IS DISTINCT FROM m.digest
ORDER BY w.waits, coalesce(t.attempts, 0), m.newest DESC NULLS LAST, m.meeting_id
LIMIT $2

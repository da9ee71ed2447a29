-- $1 account. What the next runs have to read. A retry further off than the pause
-- after so many attempts was noted by a clock that was ahead, and none waits for it.
WITH apps AS (SELECT app_id FROM realtimekit.apps WHERE account_id = $1),
open_sessions AS (
    SELECT t.created_at, coalesce(t.retry_at > now() AND t.retry_at <= now() + least(interval '1 day', interval '15 minutes' * 2 ^ least(coalesce(nullif(t.attempts, 0), 12) - 2, 10)), false) AS waits, t.retry_at,
           t.last_error IS NOT NULL OR t.read_at IS NULL AS unfinished
    FROM sync.session_states AS t JOIN apps USING (app_id)
    WHERE t.settled_at IS NULL AND t.gone_at IS NULL
)
SELECT count(*) FILTER (WHERE NOT waits), count(*) FILTER (WHERE waits),
       min(retry_at) FILTER (WHERE waits), min(created_at) FILTER (WHERE unfinished),
       (SELECT count(*)
        FROM (SELECT s.app_id, s.meeting_id,
                     bit_xor(uuid_hash_extended(s.session_id, CASE WHEN s.status = 'ENDED' THEN 1 ELSE 0 END)) AS digest
              FROM realtimekit.sessions AS s JOIN apps USING (app_id)
              JOIN sync.endpoint_states AS e ON e.app_id = s.app_id AND e.endpoint = 'enrolment' AND e.unavailable_at IS NULL
              WHERE s.meeting_id IS NOT NULL
              GROUP BY s.app_id, s.meeting_id) AS m
        LEFT JOIN sync.meeting_states AS t USING (app_id, meeting_id)
        WHERE t.sessions_seen IS NULL OR t.sessions_digest IS DISTINCT FROM m.digest)
FROM open_sessions

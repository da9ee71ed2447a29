-- $1 session, $2 whether the reading was full: what it did not set aside again is
-- resolved. What this transaction set aside bears its time, now(); a worker reads a
-- session many times in one run, which therefore does not tell. The session's own record
-- is resolved by being stored, those of optional reads only by these.
UPDATE sync.rejected_records
SET resolved_at = now()
WHERE session_id = $1 AND resolved_at IS NULL AND last_seen_at <> now()
  AND (entity = 'session' OR $2 AND entity IN ('participant', 'peer_event'))

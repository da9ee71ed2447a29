-- $1 session, $2 run, $3 whether the reading was full: what it did not set aside
-- again is resolved. The session's own record is resolved by being stored, a peer
-- report only by another one.
UPDATE sync.rejected_records
SET resolved_at = now()
WHERE session_id = $1 AND resolved_at IS NULL AND run_id <> $2
  AND (entity = 'session' OR $3 AND entity <> 'peer_report')

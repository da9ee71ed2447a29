-- $1 app, $2 meeting, $3 keys of what was set aside: what a sound reading did not set
-- aside again.
UPDATE sync.rejected_records
SET resolved_at = now()
WHERE app_id = $1 AND resolved_at IS NULL AND record_key <> ALL ($3)
  AND (entity = 'meeting' AND record_key = $2
       OR entity = 'meeting_participant' AND starts_with(record_key, $2 || '/'))

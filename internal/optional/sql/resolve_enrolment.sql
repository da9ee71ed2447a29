-- $1 run, $2 app, $3 meeting: what a sound reading did not set aside again.
UPDATE sync.rejected_records
SET resolved_at = now()
WHERE app_id = $2 AND resolved_at IS NULL AND run_id <> $1
  AND (entity = 'meeting' AND record_key = $3
       OR entity = 'meeting_participant' AND starts_with(record_key, $3 || '/'))

-- $1 run, $2 number of the last pass, $3 whether it was full. The same as
-- set_aside.sql, of a session whose rejected records are staged; of copies the
-- last is kept. What an earlier pass set aside and a full one did not is fine by now.
INSERT INTO sync.rejected_records AS t (entity, app_id, session_id, record_key, reason, raw_text,
                                        first_seen_at, last_seen_at, run_id)
SELECT entity, app_id, session_id, record_key, reason, raw_text, now(), now(), $1
FROM (SELECT DISTINCT ON (entity, app_id, session_id, record_key)
          entity, app_id, session_id, coalesce(record_key, '') AS record_key,
          coalesce(reason, '') AS reason, coalesce(raw_text, '') AS raw_text
      FROM pg_temp.staged_rejected_records
      WHERE pass = $2 OR NOT $3
      ORDER BY entity, app_id, session_id, record_key, seq DESC) AS r
ON CONFLICT (entity, app_id, session_id, record_key) DO UPDATE
SET reason = excluded.reason, raw_text = excluded.raw_text, last_seen_at = now(), resolved_at = NULL,
    times_seen = t.times_seen + CASE WHEN t.run_id = excluded.run_id THEN 0 ELSE 1 END,
    run_id = excluded.run_id
RETURNING entity

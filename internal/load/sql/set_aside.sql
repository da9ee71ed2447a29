-- One array element a record; $7 run. A record is one row however often it is seen.
INSERT INTO sync.rejected_records AS t (entity, app_id, session_id, record_key, reason, raw_text,
                                        first_seen_at, last_seen_at, run_id)
SELECT DISTINCT ON (entity, app_id, session_id, record_key)
    entity, nullif(app_id, ''), session_id, record_key, reason, raw_text, now(), now(), $7
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[])
     AS r (entity, app_id, session_id, record_key, reason, raw_text)
ORDER BY entity, app_id, session_id, record_key
ON CONFLICT (entity, app_id, session_id, record_key) DO UPDATE
SET reason = excluded.reason, raw_text = excluded.raw_text, last_seen_at = now(), resolved_at = NULL,
    times_seen = t.times_seen + CASE WHEN t.run_id = excluded.run_id THEN 0 ELSE 1 END,
    run_id = excluded.run_id
RETURNING entity

INSERT INTO sync.run_sessions AS t (run_id, session_id, outcome, rows_read, rows_inserted, rows_updated,
                                    rows_unchanged, rows_repaired, records_rejected, rows_repeated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (run_id, session_id) DO UPDATE
SET outcome = $3, rows_read = t.rows_read + $4, rows_inserted = t.rows_inserted + $5,
    rows_updated = t.rows_updated + $6, rows_unchanged = t.rows_unchanged + $7,
    rows_repaired = t.rows_repaired + $8, records_rejected = t.records_rejected + $9,
    rows_repeated = t.rows_repeated + $10

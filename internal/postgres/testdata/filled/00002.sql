INSERT INTO sync.runs (account_id, kind, status, started_at, finished_at, program_version) VALUES ('account', 'run', 'succeeded', now(), now(), '1');
INSERT INTO sync.run_sessions (run_id, session_id, outcome, rows_inserted) VALUES (1, '00000000-0000-4000-8000-000000000001', 'complete', 5);
INSERT INTO sync.session_states (session_id, app_id, status, created_at, read_at, complete_at, settled_at, run_id)
VALUES ('00000000-0000-4000-8000-000000000001', 'app', 'ENDED', '2026-05-21 23:00Z', '2026-05-22 01:00Z', '2026-05-22 01:00Z', '2026-05-22 01:00Z', 1),
       ('00000000-0000-4000-8000-000000000002', 'app', 'LIVE', '2026-05-22 09:00Z', '2026-05-22 09:10Z', NULL, NULL, 1);
INSERT INTO sync.app_states VALUES ('app', 'account', now(), now(), NULL, NULL, 1);
INSERT INTO sync.backfills VALUES ('account', 'app', '-infinity', 'infinity', false, now(), now(), 1);
INSERT INTO sync.rejected_records (entity, app_id, session_id, record_key, reason, raw_text, first_seen_at, last_seen_at, run_id)
VALUES ('participant', 'app', '00000000-0000-4000-8000-000000000001', 'x', 'no id', '{}', now(), now(), 1);
INSERT INTO sync.request_budgets VALUES ('key', '{}', now());

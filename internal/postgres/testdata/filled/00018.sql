INSERT INTO realtimekit.recordings (app_id, recording_id, session_id, meeting_id, status, invoked_at, started_at, stopped_at, duration_seconds, first_synced_at, synced_at, run_id)
VALUES ('app', 'r1', '00000000-0000-4000-8000-000000000001', 'maths', 'UPLOADED', '2026-05-21 09:00+00', '2026-05-21 09:00+00', '2026-05-21 10:00+00', 3600, now(), now(), 1);
INSERT INTO realtimekit.livestream_sessions (session_id, livestream_session_id, ingest_seconds, started_at, first_synced_at, synced_at, run_id)
VALUES ('00000000-0000-4000-8000-000000000001', 'l1', 60, '2026-05-21 09:00+00', now(), now(), 1);
INSERT INTO sync.livestream_states (session_id, outcome, asked_at, run_id) VALUES ('00000000-0000-4000-8000-000000000001', 'read', now(), 1);
INSERT INTO sync.endpoint_states (app_id, endpoint, asked_at, run_id) VALUES ('app', 'recordings', now(), 1), ('app', 'livestreams', now(), 1);
INSERT INTO sync.rejected_records (entity, app_id, record_key, reason, raw_text, first_seen_at, last_seen_at, run_id)
VALUES ('recording', 'app', 'r2', 'status: bad', '{}', now(), now(), 1);
INSERT INTO analytics.prices (usage_kind, valid_from, price_per_minute, currency) VALUES ('recording', '2026-01-01', 0.01, 'EUR');
INSERT INTO analytics.deleted_recordings (app_id, usage_date, usage_kind, recordings, recorded_seconds) VALUES ('app', '2026-04-21', 'recording', 2, 120);

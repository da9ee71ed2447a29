INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, display_name, first_synced_at, synced_at, run_id)
VALUES ('app', 'maths', 'u1', 'c1', 'Ann', now(), now(), 1), ('app', 'maths', 'u3', NULL, 'Eve', now(), now(), 1);
INSERT INTO realtimekit.daily_stats (app_id, stats_date, total_sessions, total_session_minutes, first_synced_at, synced_at, run_id)
VALUES ('app', '2026-05-21', 1, 150, now(), now(), 1);
INSERT INTO realtimekit.peer_reports (session_id, participant_id, peer_id, os_name, first_synced_at, synced_at, run_id)
VALUES ('00000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Linux', now(), now(), 1);
INSERT INTO sync.peer_report_states (session_id, participant_id, peer_id, outcome, asked_at, run_id)
VALUES ('00000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'stored', now(), 1);
INSERT INTO sync.meeting_states (app_id, meeting_id, read_at, run_id) VALUES ('app', 'maths', now(), 1);
INSERT INTO sync.endpoint_states (app_id, endpoint, asked_at, run_id) VALUES ('app', 'daywise', now(), 1);

-- Rows as a run of the first version stored them; later migrations have to take
-- them over. 2 people on 21 May 2026, one of whom stays over midnight.
INSERT INTO realtimekit.apps VALUES ('app', 'account', 'School', '2026-01-01Z', NULL, NULL, now(), now(), 1);
INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id) VALUES ('app', 'maths', 'Maths', now(), now(), 1);
INSERT INTO realtimekit.sessions (session_id, app_id, meeting_id, meeting_title, session_type, status, live_participants,
    max_concurrent_participants, minutes_consumed, started_at, ended_at, created_at, updated_at, first_synced_at, synced_at, run_id)
VALUES ('00000000-0000-4000-8000-000000000001', 'app', 'maths', 'Maths', 'meeting', 'ENDED', 0, 2, 150,
        '2026-05-21 23:00Z', '2026-05-22 00:30Z', '2026-05-21 23:00Z', '2026-05-22 00:31Z', now(), now(), 1),
       ('00000000-0000-4000-8000-000000000002', 'app', NULL, NULL, NULL, 'LIVE', 1, 1, NULL,
        '2026-05-22 09:00Z', NULL, '2026-05-22 09:00Z', '2026-05-22 09:00Z', now(), '2026-05-22 09:10Z', 1);
INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, preset_name,
    joined_at, left_at, duration_minutes, extra, run_id)
VALUES ('00000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'u1', 'c1', 'Ann', 'host',
        '2026-05-21 23:00Z', '2026-05-22 00:30Z', 90, '{"colour": "red"}', 1),
       ('00000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000002', 'u2', NULL, 'Ben', 'student',
        '2026-05-21 23:00Z', '2026-05-22 00:00Z', 60, NULL, 1),
       ('00000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000003', 'u1', 'c1', 'Ann', 'host',
        '2026-05-22 09:00Z', NULL, NULL, NULL, 1);
INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, event_name, peer_id, preset_view_type, created_at, run_id)
VALUES ('00000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000001',
        'PEER_JOINING', 'peer', 'GROUP_CALL', '2026-05-21 23:00Z', 1),
       ('00000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000002',
        'PEER_LEAVING', 'peer', 'GROUP_CALL', '2026-05-22 00:30Z', 1);

-- What a run of this version leaves beside the rows of the sessions: one person is in
-- two sessions of a day, and one is not there any more but counted.
INSERT INTO realtimekit.participants (session_id, participant_id, user_id, joined_at, left_at, run_id)
VALUES ('00000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000004', 'u2', '2026-05-22 09:00Z', '2026-05-22 09:05Z', 1);
INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions;
SELECT analytics.refresh(500);
DELETE FROM realtimekit.participants WHERE participant_id = '10000000-0000-4000-8000-000000000004';
SELECT analytics.derive('{00000000-0000-4000-8000-000000000002}');

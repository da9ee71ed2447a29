-- $1 session, $2 run.
INSERT INTO realtimekit.sessions (
    session_id, app_id, meeting_id, meeting_title, session_type, status,
    live_participants, max_concurrent_participants, minutes_consumed,
    started_at, ended_at, created_at, updated_at, extra, repairs, first_synced_at, synced_at, run_id)
VALUES ($1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, now(), now(), $2)
ON CONFLICT (session_id) DO NOTHING

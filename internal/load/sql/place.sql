-- $1 session, then its columns as they are read. Where it is stored, and whether its row says the same.
SELECT meeting_id, meeting_title, created_at,
       (app_id, meeting_id, meeting_title, session_type, status, live_participants,
        max_concurrent_participants, minutes_consumed, started_at, ended_at, created_at, updated_at,
        extra, repairs)
       IS NOT DISTINCT FROM
       ($2::text, $3::text, $4::text, $5::text, $6::text, $7::bigint, $8::bigint, $9::double precision,
        $10::timestamptz, $11::timestamptz, $12::timestamptz, $13::timestamptz, $14::jsonb, $15::jsonb)
FROM realtimekit.sessions
WHERE session_id = $1

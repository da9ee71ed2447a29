-- $1 app, $2 meeting.
SELECT meeting_title
FROM realtimekit.sessions
WHERE app_id = $1 AND meeting_id = $2 AND meeting_title IS NOT NULL
ORDER BY created_at DESC NULLS LAST, session_id DESC
LIMIT 1

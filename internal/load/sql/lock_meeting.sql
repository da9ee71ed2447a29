-- $1 app, $2 meeting.
SELECT FROM realtimekit.meetings
WHERE app_id = $1 AND meeting_id = $2
FOR NO KEY UPDATE

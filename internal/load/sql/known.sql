-- $1 app, $2 meeting. Whether they have rows, and the meeting's title. Only looked at: whoever
-- writes a table that is copied to every node, if only to find the row there, keeps all others waiting.
SELECT EXISTS (SELECT 1 FROM realtimekit.apps WHERE app_id = $1),
       EXISTS (SELECT 1 FROM realtimekit.meetings WHERE app_id = $1 AND meeting_id = $2),
       (SELECT title FROM realtimekit.meetings WHERE app_id = $1 AND meeting_id = $2)

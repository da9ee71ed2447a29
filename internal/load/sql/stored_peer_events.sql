-- $1 session. The columns and their order are those of eventColumns.
SELECT participant_id, event_id, event_name, peer_id, socket_session_id, preset_view_type,
       minutes_consumed, created_at, updated_at, own_ids, extra, repairs
FROM realtimekit.peer_events
WHERE session_id = $1

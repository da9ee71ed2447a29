UPDATE realtimekit.peer_events SET own_ids = 5;

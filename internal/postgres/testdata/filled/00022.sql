INSERT INTO sync.distributed_tables (table_name, placed_by, distributed_at) VALUES ('realtimekit.sessions', 'session_id', '2026-11-29 09:00+00');

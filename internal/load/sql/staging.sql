-- One session on its way in. Temporary, so no WAL and no trace after a crash.
-- Two sessions never share the tables: they belong to one connection. What is in braces
-- here and in the statements of these tables stands in columns.go.
CREATE TEMP TABLE IF NOT EXISTS staged_participants (
    seq bigint NOT NULL,
    pass bigint NOT NULL,
    {participants}
);
CREATE TEMP TABLE IF NOT EXISTS staged_peer_events (
    seq bigint NOT NULL,
    pass bigint NOT NULL,
    {peer_events}
);
CREATE TEMP TABLE IF NOT EXISTS staged_rejected_records (
    seq bigint NOT NULL,
    pass bigint NOT NULL,
    {rejected_records}
);
TRUNCATE pg_temp.staged_participants, pg_temp.staged_peer_events, pg_temp.staged_rejected_records;

-- +goose Up
-- The tables of the job queue (riverqueue.com), which rollcall serve and work use. They
-- are the library's own, and stand in a schema of their own.
CREATE SCHEMA rollcall_queue;
-- +rollcall river up
INSERT INTO rollcall_queue.river_migration (line, version) SELECT 'main', generate_series(1, 8);
COMMENT ON SCHEMA rollcall_queue IS 'The job queue of rollcall serve and rollcall work, made by the library River. Empty where neither is used.';

-- +goose Down
-- +rollcall river down
DROP SCHEMA rollcall_queue;

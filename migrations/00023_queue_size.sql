-- +goose Up
-- The two indexes in which one can search the queue's jobs by their arguments. No statement
-- of Rollcall or River uses them, and an index of this kind keeps each word for ever: each
-- session that was ever read. They were half of what a new job writes to the WAL.
DROP INDEX IF EXISTS rollcall_queue.river_job_args_index;
DROP INDEX IF EXISTS rollcall_queue.river_job_metadata_index;

-- +goose Down
CREATE INDEX IF NOT EXISTS river_job_args_index ON rollcall_queue.river_job USING GIN (args);
CREATE INDEX IF NOT EXISTS river_job_metadata_index ON rollcall_queue.river_job USING GIN (metadata);

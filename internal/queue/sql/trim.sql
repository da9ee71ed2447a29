-- $1 how many failures are kept of a job that failed more than twice as often: River writes all
-- of them anew with each.
UPDATE rollcall_queue.river_job SET errors = errors[cardinality(errors) - $1::int + 1:]
WHERE state = 'retryable' AND cardinality(errors) > 2 * $1::int

package queue

import (
	"bytes"
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Again ends a job and makes the same job anew, due after next; 0 is at once. The jobs in
// more are made beside it, each unless it is there already.
func Again[T ofAccount](ctx context.Context, q *Queue, job *river.Job[T], next time.Duration, more ...river.JobArgs) error {
	return follow(ctx, q, job, nil, func(now time.Time) []river.InsertManyParams {
		return append(after(job, job.Args, now, next), atOnce(job.Args.account(), more)...)
	})
}

// after gives the job that comes in the place of another with these args, due after next.
func after[T ofAccount](job *river.Job[T], args T, now time.Time, next time.Duration) []river.InsertManyParams {
	at := time.Time{} // one that has passed would wait for River's scheduler
	if next > 0 {
		at = now.Add(next)
	}
	return []river.InsertManyParams{{Args: args, InsertOpts: onceFor(args, args.account(), job.Priority, at)}}
}

// Then ends a job and makes those that come in its place, each unless it is there already.
func Then[T ofAccount](ctx context.Context, q *Queue, job *river.Job[T], more ...river.JobArgs) error {
	return follow(ctx, q, job, nil, func(time.Time) []river.InsertManyParams { return atOnce(job.Args.account(), more) })
}

// atOnce gives jobs that are due at once.
func atOnce(accountID string, all []river.JobArgs) []river.InsertManyParams {
	params := make([]river.InsertManyParams, 0, len(all))
	for _, args := range all {
		priority := priorityLists
		switch args.(type) {
		case OptionalReads, BackfillChunk:
			priority = priorityLater
		}
		params = append(params, river.InsertManyParams{Args: args, InsertOpts: onceFor(args, accountID, priority, time.Time{})})
	}
	return params
}

// onceFor gives the options of a job as once does, in the queue of its kind.
func onceFor(args river.JobArgs, accountID string, priority int, at time.Time) *river.InsertOpts {
	o := once(accountID, priority, at)
	if _, isOptional := args.(OptionalReads); isOptional {
		o.Queue = OptionalName(accountID)
	}
	return o
}

// follow ends a job and makes those that follow it, in one transaction: a kill before
// leaves the job to another worker, one after it the next jobs. beside is done in it too;
// nil for nothing. Of a job that was taken out of the queue meanwhile nothing follows.
func follow[T river.JobArgs](ctx context.Context, q *Queue, job *river.Job[T], beside func(tx pgx.Tx) error, next func(now time.Time) []river.InsertManyParams) error {
	err := warehouse.Begin(ctx, q.pool, func(tx pgx.Tx) error {
		var now time.Time
		if err := tx.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
			return err
		}
		ended, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		if err != nil || bytes.Contains(ended.Metadata, []byte(`"cancel_attempted_at"`)) { // by ForgetBackfill, or a person
			return err
		}
		if beside != nil {
			if err := beside(tx); err != nil {
				return err
			}
		}
		q.clock.heard(now)
		if jobs := next(now); len(jobs) > 0 {
			_, err = q.river.InsertManyTx(ctx, tx, jobs)
		}
		return err
	})
	return warehouse.Failed("end the job "+job.Kind, err)
}

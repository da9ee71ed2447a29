package queue

import (
	"context"
	_ "embed"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// RefreshUsage is the job that brings the usage by day up to date, of all accounts.
type RefreshUsage struct{}

// Kind implements river.JobArgs.
func (RefreshUsage) Kind() string { return "refresh_usage" }

// UsageQueue is the queue of that job, from which all workers take.
const UsageQueue = "usage"

// usageDebounce is how long sessions gather before their days are counted.
const usageDebounce = 10 * time.Second

//go:embed sql/usage_due.sql
var usageDueSQL string

// AskUsage makes the job that counts the usage by day, where sessions wait to be counted
// and none is there. It gives whether it did.
func (q *Queue) AskUsage(ctx context.Context) (made bool, err error) {
	err = warehouse.Begin(ctx, q.pool, func(tx pgx.Tx) error {
		var now time.Time
		if err := tx.QueryRow(ctx, `SELECT (`+usageDueSQL+`), clock_timestamp()`).Scan(&made, &now); err != nil || !made {
			return err
		}
		return q.makeUsage(ctx, tx, now)
	})
	return made, warehouse.Failed("queue the usage by day", err)
}

// makeUsage makes the job, unless another transaction did just now.
func (q *Queue) makeUsage(ctx context.Context, tx pgx.Tx, now time.Time) error {
	o := once("", priorityAsked, now.Add(usageDebounce))
	o.Queue = UsageQueue
	made, err := q.river.InsertTx(ctx, tx, RefreshUsage{}, o)
	if err != nil || made.UniqueSkippedAsDuplicate {
		return err
	}
	return soon(ctx, tx, made.Job.ID)
}

// EndUsage ends the job and makes the next one where more sessions wait by now: whoever
// stored them while it ran saw it and made none.
func EndUsage(ctx context.Context, q *Queue, job *river.Job[RefreshUsage]) error {
	err := warehouse.Begin(ctx, q.pool, func(tx pgx.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
	if err != nil {
		return warehouse.Failed("end the job "+job.Kind, err)
	}
	_, err = q.AskUsage(ctx)
	return err
}

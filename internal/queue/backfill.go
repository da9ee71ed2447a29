package queue

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

var (
	//go:embed sql/queued_chunks.sql
	queuedChunksSQL string
	//go:embed sql/waits.sql
	waitsSQL string
	//go:embed sql/backlog.sql
	backlogSQL string
)

// Backfill queues a backfill of a range in apps, or in all where none is given. It gives
// how many jobs were made: those that are there go on.
func (q *Queue) Backfill(ctx context.Context, accountID string, apps []string, from, to time.Time, full bool) (made int, err error) {
	if len(apps) == 0 {
		apps = []string{""}
	}
	var jobs []river.JobArgs
	for _, app := range apps {
		jobs = append(jobs, BackfillChunk{AccountID: accountID, AppID: app, From: from.UTC().Truncate(time.Microsecond), To: to.UTC().Truncate(time.Microsecond), Full: full})
	}
	if err := q.askTime(ctx); err != nil {
		return 0, warehouse.Failed("queue the backfill", err)
	}
	results, err := q.river.InsertMany(ctx, atOnce(accountID, jobs))
	for _, r := range results {
		if !r.UniqueSkippedAsDuplicate {
			made++
		}
	}
	return made, warehouse.Failed("queue the backfill", err)
}

// AskForOld lets sessions of a backfill be read, once nothing else is to be done.
func (q *Queue) AskForOld(ctx context.Context, accountID, appID string, due []model.DueSession) error {
	return q.askFor(ctx, accountID, appID, due, priorityLater)
}

// Waits tells whether sessions of an app wait to be read now, or are read. Those that fail
// do not count, nor those of backfills.
func (q *Queue) Waits(ctx context.Context, appID string) (waits bool, err error) {
	err = q.pool.QueryRow(ctx, waitsSQL, appID, priorityLater).Scan(&waits)
	return waits, warehouse.Failed("see whether sessions wait", err)
}

// mostWaiting is how many sessions of backfills wait in the queue before the next chunk
// is listed.
const mostWaiting = 2000

// Backlog tells whether so many sessions of backfills wait that no more are wanted now.
func (q *Queue) Backlog(ctx context.Context, accountID string) (isFull bool, err error) {
	err = q.pool.QueryRow(ctx, backlogSQL, Name(accountID), priorityLater, mostWaiting).Scan(&isFull)
	return isFull, warehouse.Failed("see how many sessions wait", err)
}

// NextChunk ends the job of a chunk and makes that of the next, after a while. save saves the
// checkpoint in the same transaction: a backfill that is given up meanwhile leaves none.
func NextChunk(ctx context.Context, q *Queue, job *river.Job[BackfillChunk], args BackfillChunk, next time.Duration, save func(tx pgx.Tx) error) error {
	return follow(ctx, q, job, save, func(now time.Time) []river.InsertManyParams { return after(job, args, now, next) })
}

// EndBackfill ends the last job of a backfill in an app, and forgets its checkpoint.
func EndBackfill(ctx context.Context, q *Queue, job *river.Job[BackfillChunk]) error {
	a := job.Args
	return follow(ctx, q, job, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sync.backfills WHERE account_id = $1 AND app_id = $2 AND range_from = $3 AND range_to = $4 AND is_full = $5`,
			a.AccountID, a.AppID, a.From, warehouse.RangeEnd(a.To), a.Full)
		return err
	}, func(time.Time) []river.InsertManyParams { return nil })
}

// Chunks gives the jobs of an account's backfills.
func (q *Queue) Chunks(ctx context.Context, accountID string) ([]model.QueuedBackfill, error) {
	rows, err := q.pool.Query(ctx, queuedChunksSQL, accountID)
	if err != nil {
		return nil, warehouse.Failed("read the backfills in the queue", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (b model.QueuedBackfill, err error) {
		var args BackfillChunk
		err = row.Scan(&b.JobID, &args, &b.Failure)
		b.AppID, b.From, b.To, b.Full, b.Unsound = args.AppID, args.From, args.To, args.Full, args.Unsound || args.Rounds > 0
		return b, err
	})
	return all, warehouse.Failed("read the backfills in the queue", err)
}

// ForgetBackfill takes the jobs of a backfill out of the queue, and gives how many those
// were. Sessions that they have asked for are read nonetheless.
func (q *Queue) ForgetBackfill(ctx context.Context, accountID string, from, to time.Time, full bool) (jobs int, err error) {
	for {
		all, err := q.Chunks(ctx, accountID)
		if err != nil {
			return jobs, err
		}
		all = slices.DeleteFunc(all, func(b model.QueuedBackfill) bool { return !b.From.Equal(from) || !b.To.Equal(to) || b.Full != full })
		if len(all) == 0 {
			return jobs, nil
		}
		// One that runs is broken off, or makes no next one; one that has just made the next
		// is gone, and that is found anew.
		for _, b := range all {
			job, err := q.river.JobCancel(ctx, b.JobID)
			if err != nil && !errors.Is(err, river.ErrNotFound) {
				return jobs, warehouse.Failed("take the backfill out of the queue", err)
			}
			if err == nil && job.State != rivertype.JobStateCompleted {
				jobs++
			}
		}
	}
}

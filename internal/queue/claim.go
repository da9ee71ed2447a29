package queue

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

var (
	//go:embed sql/claim.sql
	claimSQL string
	//go:embed sql/leave.sql
	leaveSQL string
	//go:embed sql/rescue.sql
	rescueSQL string
)

// Those in which it is asked whether a worker is alive.
var claimed, rescued = warehouse.WithWorkers(claimSQL), warehouse.WithWorkers(rescueSQL)

// Claim is a session that a worker may read.
type Claim struct {
	AppID    string
	HasEnded bool // a webhook said so
	Looks    int  // jobs that have read it since somebody last asked
	wanted   int64
	worker   string
}

var (
	// ErrTaken tells that another worker that is alive reads the session.
	ErrTaken = errors.New("another worker reads the session")
	// ErrUnwanted tells that nobody waits for this job any more: nobody asks for the
	// session, or another job came in this one's place.
	ErrUnwanted = errors.New("nobody waits for the session")
)

// Claim takes a session for a job of a worker that holds its lock (ledger.AcquireWorker); it
// counts for as long as that does.
func (q *Queue) Claim(ctx context.Context, jobID int64, id model.UUID, worker string) (Claim, error) {
	c := Claim{worker: worker}
	var got bool
	err := q.pool.QueryRow(ctx, claimed, warehouse.UUID(id), worker, jobID).Scan(&c.AppID, &c.HasEnded, &c.Looks, &c.wanted, &got)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return c, ErrUnwanted
	case err == nil && !got:
		return c, ErrTaken
	}
	return c, warehouse.Failed("take a session", err)
}

// Release gives a session back that was not read to its end.
func (q *Queue) Release(ctx context.Context, id model.UUID, worker string) error {
	_, err := q.pool.Exec(ctx, `UPDATE sync.session_jobs SET reader = NULL WHERE session_id = $1 AND reader = $2`, warehouse.UUID(id), worker)
	return warehouse.Failed("give a session back", err)
}

// again is how long after its end a session is read anew that somebody asked for
// meanwhile.
const again = 2 * time.Second

// Finish ends a session's job, in one transaction with what follows: another job where
// somebody asked for the session meanwhile, or after next, where that is above 0; else
// nothing, and the session's row goes. The usage by day is asked for where that is due. A
// crash before leaves job and claim to the next worker. Where another job or worker has the
// session by now, nothing changes and the error is ErrUnwanted or ErrTaken. ctx is the job's own.
func (q *Queue) Finish(ctx context.Context, job *river.Job[SyncSession], id model.UUID, c Claim, next time.Duration) error {
	err := warehouse.Begin(ctx, q.pool, func(tx pgx.Tx) error {
		wanted, usage, now, err := lockClaimed(ctx, tx, job.ID, id, c)
		if err != nil {
			return err
		}
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return err
		}
		if usage {
			if err := q.makeUsage(ctx, tx, now); err != nil {
				return err
			}
		}
		looks := c.Looks + 1
		if wanted != c.wanted {
			next, looks = again, 0
		}
		if next <= 0 {
			_, err := tx.Exec(ctx, `DELETE FROM sync.session_jobs WHERE session_id = $1`, warehouse.UUID(id))
			return err
		}
		due := now.Add(next)
		made, err := q.river.InsertTx(ctx, tx, job.Args, options(job.Args.AccountID, job.Priority, due))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE sync.session_jobs SET job_id = $2, due_at = $3, looks = $4, reader = NULL WHERE session_id = $1`,
			warehouse.UUID(id), made.Job.ID, due, looks)
		if err != nil {
			return err
		}
		return soon(ctx, tx, made.Job.ID)
	})
	return warehouse.Failed("end the job of a session", err)
}

// lockClaimed locks the row of a session that a job has in hand, and gives how often the
// session was wanted by now. usage tells whether the usage by day is to be asked for. The
// error is ErrUnwanted or ErrTaken where the session is not the job's any more.
func lockClaimed(ctx context.Context, tx pgx.Tx, jobID int64, id model.UUID, c Claim) (wanted int64, usage bool, now time.Time, err error) {
	var mine bool
	err = tx.QueryRow(ctx, `SELECT wanted, coalesce(reader = $3, false), (`+usageDueSQL+`), clock_timestamp() FROM sync.session_jobs
		WHERE session_id = $1 AND job_id = $2 FOR UPDATE`, warehouse.UUID(id), jobID, c.worker).Scan(&wanted, &mine, &usage, &now)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = ErrUnwanted
	case err == nil && !mine:
		err = ErrTaken
	}
	return wanted, usage, now, err
}

// Rescue makes the jobs available again of workers that are gone: their lock went
// with their connection. It gives how many those were.
func (q *Queue) Rescue(ctx context.Context) (jobs int64, err error) {
	tag, err := q.pool.Exec(ctx, rescued)
	return tag.RowsAffected(), warehouse.Failed("look for workers that are gone", err)
}

// Leave ends the jobs of an account's apps but these: others are not configured any more,
// or were deleted. One that comes back is listed from its beginning if sessions of it waited.
// Its backfills wait until then, as long as Leave is called again after next.
func (q *Queue) Leave(ctx context.Context, accountID string, apps []string, next time.Duration) error {
	_, err := q.pool.Exec(ctx, leaveSQL, accountID, apps, next.Seconds())
	return warehouse.Failed("end the jobs of apps that are gone", err)
}

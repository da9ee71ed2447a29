package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// AcquireWorker takes the lock by which others see that a worker is alive, as Acquire
// does that of a kind of run. It is of no account: one worker may work for many.
func (s *Store) AcquireWorker(ctx context.Context, worker string) (held context.Context, release func(), err error) {
	return s.Acquire(ctx, "", model.KindWork+":"+worker)
}

// StartShift enters the run of a worker into the ledger. Call it while holding the
// worker's lock. Runs of workers that are gone are closed as abandoned, with the sums of
// what they committed; those of others that are alive go on.
func (s *Store) StartShift(ctx context.Context, run model.Run, worker string) (int64, error) {
	return s.enter(ctx, "enter the worker's run into the ledger", warehouse.WithWorkers(`WITH abandoned AS (
				UPDATE sync.runs SET status = 'abandoned', finished_at = now(), error = 'the worker ended without finishing the run'
				WHERE account_id = $1 AND kind = 'work' AND status = 'running' AND NOT worker_is_alive(worker) RETURNING run_id)
			INSERT INTO sync.runs (account_id, kind, started_at, program_version, worker)
			VALUES ($1, 'work', $2, $3, $4)
			RETURNING run_id, clock_timestamp(), (SELECT array_agg(run_id) FROM abandoned)`),
		run.AccountID, run.StartedAt, run.Version, worker)
}

// NoteRefusal notes with a run that is under way why the API gives it nothing; empty for
// that it does.
func (s *Store) NoteRefusal(ctx context.Context, runID int64, reason string) error {
	err := s.db.Noted(ctx, reason, func(tx pgx.Tx, reason string) error {
		_, err := tx.Exec(ctx, `UPDATE sync.runs SET error = $2 WHERE run_id = $1 AND status = 'running'`, runID, warehouse.Text(reason))
		return err
	})
	return warehouse.Failed("note that the API refuses", err)
}

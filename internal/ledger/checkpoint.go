package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Checkpoint gives how far an unfinished backfill like this one (the same account, range
// and Full) has come in an app: every session created before that time was dealt with.
// Zero where there is none.
func (s *Store) Checkpoint(ctx context.Context, run model.Run, appID string) (time.Time, error) {
	var at time.Time
	err := s.pool.QueryRow(ctx, `SELECT checkpoint FROM sync.backfills
		WHERE account_id = $1 AND app_id = $2 AND range_from = $3 AND range_to = $4 AND is_full = $5`,
		run.AccountID, appID, run.From, warehouse.RangeEnd(run.To), run.Full).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	return at.UTC(), warehouse.Failed("read the checkpoint of app "+appID, err)
}

// SaveCheckpoint notes that every session of the app created before the given
// time was dealt with. Call it after they were committed: a crash in between
// costs reading them again.
func (s *Store) SaveCheckpoint(ctx context.Context, run model.Run, appID string, checkpoint time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), warehouse.WriteTimeout)
	defer cancel()
	err := s.db.SendOne(ctx, saveCheckpointSQL, run.AccountID, appID, run.From, warehouse.RangeEnd(run.To), run.Full, checkpoint, run.ID)
	return warehouse.Failed("save the checkpoint of app "+appID, err)
}

const saveCheckpointSQL = `INSERT INTO sync.backfills
		(account_id, app_id, range_from, range_to, is_full, checkpoint, saved_at, run_id)
	VALUES ($1, $2, $3, $4, $5, $6, now(), $7)
	ON CONFLICT (account_id, app_id, range_from, range_to, is_full)
	DO UPDATE SET checkpoint = $6, saved_at = now(), run_id = $7`

// SaveCheckpointIn does as SaveCheckpoint, as part of a transaction.
func (s *Store) SaveCheckpointIn(ctx context.Context, tx pgx.Tx, run model.Run, appID string, checkpoint time.Time) error {
	_, err := tx.Exec(ctx, saveCheckpointSQL, run.AccountID, appID, run.From, warehouse.RangeEnd(run.To), run.Full, checkpoint, run.ID)
	return err
}

const forgetBackfillSQL = `DELETE FROM sync.backfills
	WHERE account_id = $1 AND range_from = $2 AND range_to = $3 AND is_full = $4`

// EndBackfill forgets the checkpoints of a range that is done in all apps, so
// that the same command begins anew.
func (s *Store) EndBackfill(ctx context.Context, run model.Run) error {
	err := s.db.SendOne(ctx, forgetBackfillSQL, run.AccountID, run.From, warehouse.RangeEnd(run.To), run.Full)
	return warehouse.Failed("end the backfill", err)
}

// ForgetBackfill gives up an unfinished backfill of a range in all apps, and tells of
// how many apps there were checkpoints.
func (s *Store) ForgetBackfill(ctx context.Context, run model.Run) (apps int64, err error) {
	tag, err := s.pool.Exec(ctx, forgetBackfillSQL, run.AccountID, run.From, warehouse.RangeEnd(run.To), run.Full)
	return tag.RowsAffected(), warehouse.Failed("forget the backfill", err)
}

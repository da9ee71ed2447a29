package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// LastTold gives the last run of an account that somebody was told of; its zero value
// where nobody was ever told.
func (s *Store) LastTold(ctx context.Context, accountID string) (model.ToldRun, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), toldTimeout)
	defer cancel()
	var told model.ToldRun
	err := s.pool.QueryRow(ctx, `SELECT run_id, started_at, status = 'failed' FROM sync.runs
		WHERE account_id = $1 AND told_at IS NOT NULL ORDER BY run_id DESC LIMIT 1`, accountID).
		Scan(&told.ID, &told.StartedAt, &told.Failing)
	if errors.Is(err, pgx.ErrNoRows) {
		return told, nil
	}
	return told, warehouse.Failed("read what was told of", err)
}

// NoteTold notes that somebody was told of a run.
func (s *Store) NoteTold(ctx context.Context, runID int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), toldTimeout)
	defer cancel()
	_, err := s.pool.Exec(ctx, `UPDATE sync.runs SET told_at = now() WHERE run_id = $1`, runID)
	return warehouse.Failed("note what was told of", err)
}

// toldTimeout bounds what keeps a run from ending, though it is over.
const toldTimeout = 5 * time.Second

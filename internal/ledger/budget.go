package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// ExchangeBudget replaces the state of the request budget under key by what
// change makes of it; nil stands for none yet. The row is locked meanwhile, so
// all processes that share the budget take turns; the time is the database's,
// after the lock was had. A crash before the end leaves the old state.
func (s *Store) ExchangeBudget(ctx context.Context, key string, change func(old []byte, now time.Time) []byte) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		old, now, err := lockBudget(ctx, tx, key)
		if errors.Is(err, pgx.ErrNoRows) {
			_, err = tx.Exec(ctx, `INSERT INTO sync.request_budgets (budget_key, state, changed_at) VALUES ($1, '{}', now())
				ON CONFLICT DO NOTHING`, key)
			if err == nil {
				old, now, err = lockBudget(ctx, tx, key)
			}
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE sync.request_budgets SET state = $2, changed_at = $3 WHERE budget_key = $1`,
			key, string(change(old, now)), now)
		return err
	})
	return warehouse.Failed("share the request budget", err)
}

func lockBudget(ctx context.Context, tx pgx.Tx, key string) (old []byte, now time.Time, err error) {
	batch := &pgx.Batch{}
	batch.Queue(`SELECT state FROM sync.request_budgets WHERE budget_key = $1 FOR UPDATE`, key).
		QueryRow(func(row pgx.Row) error { return row.Scan(&old) })
	batch.Queue(`SELECT clock_timestamp()`).
		QueryRow(func(row pgx.Row) error { return row.Scan(&now) })
	return old, now, tx.SendBatch(ctx, batch).Close()
}

package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// ExchangeBudget replaces the state of the request budget under key by what
// change makes of it; {} stands for none yet. The row is locked meanwhile, so
// all processes that share the budget take turns; the time is the database's,
// after the lock was had. A crash before the end leaves the old state. So does
// one of the server in the second after it: a request does not wait for its disk.
func (s *Store) ExchangeBudget(ctx context.Context, key string, change func(old []byte, now time.Time) []byte) error {
	// A connection that comes back to the pool within a transaction is closed.
	err := s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		old, now, err := lockBudget(ctx, conn, key, `begin`, `SET LOCAL synchronous_commit = off`)
		if errors.Is(err, pgx.ErrNoRows) {
			_, err = conn.Exec(ctx, `INSERT INTO sync.request_budgets (budget_key, state, changed_at) VALUES ($1, '{}', now())
				ON CONFLICT DO NOTHING`, key)
			if err == nil {
				old, now, err = lockBudget(ctx, conn, key)
			}
		}
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		batch.Queue(`UPDATE sync.request_budgets SET state = $2, changed_at = $3 WHERE budget_key = $1`, key, string(change(old, now)), now)
		batch.Queue(`commit`)
		return conn.SendBatch(ctx, batch).Close()
	})
	return warehouse.Failed("share the request budget", err)
}

// lockBudget locks the row after the statements before it, in one round trip.
func lockBudget(ctx context.Context, conn *pgxpool.Conn, key string, before ...string) (old []byte, now time.Time, err error) {
	batch := &pgx.Batch{}
	for _, statement := range before {
		batch.Queue(statement)
	}
	batch.Queue(`SELECT state FROM sync.request_budgets WHERE budget_key = $1 FOR UPDATE`, key).
		QueryRow(func(row pgx.Row) error { return row.Scan(&old) })
	batch.Queue(`SELECT clock_timestamp()`).
		QueryRow(func(row pgx.Row) error { return row.Scan(&now) })
	return old, now, conn.SendBatch(ctx, batch).Close()
}

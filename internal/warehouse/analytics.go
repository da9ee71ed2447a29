package warehouse

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// refreshBatch bounds how many sessions one transaction of RefreshAnalytics
// takes, so that none is long.
const refreshBatch = 500

// RefreshAnalytics brings the tables of usage by day up to date with the
// sessions that were changed since, whoever changed them, and gives how many
// those were. What it did not come to, or another process is doing, is left for
// whoever calls next.
func (d *DB) RefreshAnalytics(ctx context.Context) (sessions int, err error) {
	return refreshAll(func() (n int, err error) {
		err = d.Pool.QueryRow(ctx, refreshSQL, refreshBatch).Scan(&n)
		return n, err
	})
}

const (
	// DeriveSQL belongs into the transaction that changes rows of the sessions, after
	// them and their states, and before their rows in the ledger.
	DeriveSQL  = `SELECT analytics.derive($1)`
	refreshSQL = `SELECT analytics.refresh($1)`
	// HoldAnalyticsSQL takes the lock of analytics.refresh, which itself never waits:
	// without it, it does nothing.
	HoldAnalyticsSQL = `SELECT pg_advisory_xact_lock(hashtextextended('rollcall:analytics', 0))`
)

// AwaitAnalytics is RefreshAnalytics for whoever needs the days: it waits for a
// process that computes them, and when it returns there was nothing left.
func (d *DB) AwaitAnalytics(ctx context.Context) error {
	_, err := refreshAll(func() (n int, err error) {
		err = pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, HoldAnalyticsSQL); err != nil {
				return err
			}
			return tx.QueryRow(ctx, refreshSQL, refreshBatch).Scan(&n)
		})
		return n, err
	})
	return err
}

// refreshAll takes batches until one has no session.
func refreshAll(batch func() (int, error)) (sessions int, err error) {
	for {
		n, err := batch()
		if err != nil {
			return sessions, Failed("refresh the usage by day", err)
		}
		if n == 0 {
			return sessions, nil
		}
		sessions += n
	}
}

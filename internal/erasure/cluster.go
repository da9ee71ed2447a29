package erasure

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// hold begins a transaction that changes many sessions: no day is computed meanwhile. Citus,
// where it has the tables, sends such statements to one shard after the other, or it would
// refuse to write a table that every node holds in the same transaction.
func hold(ctx context.Context, tx pgx.Tx) error {
	batch := &pgx.Batch{}
	batch.Queue(warehouse.HoldAnalyticsSQL)
	batch.Queue(warehouse.OneByOneSQL)
	return tx.SendBatch(ctx, batch).Close()
}

// isDistributed asks the catalogue of Citus, where there is one.
func (s *Store) isDistributed(ctx context.Context) (distributed bool, err error) {
	const catalogue = `SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL`
	if err := s.pool.QueryRow(ctx, catalogue).Scan(&distributed); err != nil || !distributed {
		return false, warehouse.Failed("look whether the tables are distributed", err)
	}
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_dist_partition
		WHERE logicalrelid = 'realtimekit.participants'::regclass)`).Scan(&distributed)
	return distributed, warehouse.Failed("look whether the tables are distributed", err)
}

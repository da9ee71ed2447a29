package erasure

import (
	"context"
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// oneServer refuses what changes rows of many sessions where Citus has distributed their
// tables. A row is found again by its place in a table, and a distributed table has that place
// once in each shard: another person's row could be erased.
func (s *Store) oneServer(ctx context.Context, command string) error {
	distributed, err := s.isDistributed(ctx)
	if err != nil || !distributed {
		return err
	}
	return fmt.Errorf("%w: the tables of sessions are distributed by Citus, and rollcall %s works on one server only (docs/scaling.md); nothing was changed",
		model.ErrUsage, command)
}

// isDistributed asks the catalogue of Citus, where there is one.
func (s *Store) isDistributed(ctx context.Context) (distributed bool, err error) {
	const catalogue = `SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL`
	if err := s.pool.QueryRow(ctx, catalogue).Scan(&distributed); err != nil || !distributed {
		return false, warehouse.Failed("look whether the tables are distributed", err)
	}
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_dist_partition
		WHERE logicalrelid IN ('realtimekit.sessions'::regclass, 'realtimekit.participants'::regclass))`).Scan(&distributed)
	return distributed, warehouse.Failed("look whether the tables are distributed", err)
}

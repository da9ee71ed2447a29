package optional

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Store keeps the optional records in one warehouse. Safe for concurrent use.
type Store struct {
	db   *warehouse.DB
	pool *pgxpool.Pool
}

// New gives a store in a warehouse.
func New(db *warehouse.DB) *Store {
	return &Store{db: db, pool: db.Pool}
}

// sendAgain is Send, again where it and another waited for each other: Citus takes more locks
// for a table of every node than the statement would need.
func (s *Store) sendAgain(ctx context.Context, queue func(batch *pgx.Batch)) error {
	return warehouse.Again(ctx, func(ctx context.Context) error { return s.db.Send(ctx, queue) })
}

// filteredAgain is Filtered, again in the same case.
func (s *Store) filteredAgain(ctx context.Context, do func(tx pgx.Tx, f *privacy.Filter) error) error {
	return warehouse.Again(ctx, func(ctx context.Context) error { return s.db.Filtered(ctx, do) })
}

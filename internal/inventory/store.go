package inventory

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Store takes stock of one warehouse. Safe for concurrent use.
type Store struct {
	db    *warehouse.DB
	pool  *pgxpool.Pool
	check checkBounds // of a run that finds nothing missing
}

// New gives a store in a warehouse.
func New(db *warehouse.DB) *Store {
	return &Store{db: db, pool: db.Pool, check: checkBounds{sessions: 500, rows: 50_000}}
}

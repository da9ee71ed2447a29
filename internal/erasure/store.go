package erasure

import (
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Store erases in one warehouse. Safe for concurrent use.
type Store struct {
	db     *warehouse.DB
	pool   *pgxpool.Pool
	logger *slog.Logger
}

// New gives a store in a warehouse.
func New(db *warehouse.DB) *Store {
	return &Store{db: db, pool: db.Pool, logger: db.Logger}
}

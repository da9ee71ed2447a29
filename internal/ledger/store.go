package ledger

import (
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Store is the ledger in one warehouse. Safe for concurrent use.
type Store struct {
	db        *warehouse.DB
	pool      *pgxpool.Pool
	logger    *slog.Logger
	heartbeat time.Duration // how often the connection that holds a lock is tried
}

// New gives a store in a warehouse.
func New(db *warehouse.DB) *Store {
	return &Store{db: db, pool: db.Pool, logger: db.Logger, heartbeat: lockHeartbeat}
}

package warehouse

import (
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// DB is the warehouse of one database. Safe for concurrent use.
type DB struct {
	Pool   *pgxpool.Pool
	Logger *slog.Logger

	clock   serverClock
	observe func(table string, rows model.RowCounts) // nil for nobody
	privacy protection
}

// New gives a warehouse over a pool that the caller owns and closes. Its schema must
// be the one of package migrations.
func New(pool *pgxpool.Pool, logger *slog.Logger) *DB { return &DB{Pool: pool, Logger: logger} }

// WriteTimeout bounds each write to the ledger, which is made even when the run
// was told to stop.
const WriteTimeout = 30 * time.Second

package load

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Store is the warehouse of one database. Safe for concurrent use.
type Store struct {
	pool   *pgxpool.Pool
	logger *slog.Logger
	bounds bounds
	held   atomic.Int64 // bytes of encoded rows and rejected records that wait in memory
	// loaders has a place for each connection that sessions may hold at once. The
	// pool has some more, so that the books never wait for a large session.
	loaders   chan struct{}
	clock     serverClock
	check     checkBounds                              // of a run that finds nothing missing
	heartbeat time.Duration                            // how often the connection that holds a lock is tried
	observe   func(table string, rows model.RowCounts) // nil for nobody
	privacy   protection
}

// bounds limit the encoded rows and the rejected records that wait in memory, in
// bytes. What does not fit goes to staging tables page by page, so that neither a
// large session nor many at once make the process grow: a session of 14,000 rows
// takes about 4 MiB. The garbage collector may need as much again.
type bounds struct{ session, all int64 }

// bookConnections are those of the pool that no session takes: for the lock of
// the run, the shared request budget, and the books.
const bookConnections = 4

// Connections gives the size of a pool for loading that many sessions at once.
// More loaders than a few only get in each other's way: sessions then wait, in
// memory, for the next one that is free.
func Connections(concurrency int) int { return min(concurrency, 8) + bookConnections }

// New gives a store over a pool that the caller owns and closes. Its schema must
// be the one of package migrations.
func New(pool *pgxpool.Pool, logger *slog.Logger) *Store {
	return &Store{
		pool: pool, logger: logger, bounds: bounds{session: 4 << 20, all: 16 << 20}, heartbeat: lockHeartbeat, check: checkBounds{sessions: 500, rows: 50_000},
		loaders: make(chan struct{}, max(int(pool.Config().MaxConns)-bookConnections, 1)),
	}
}

// storeError says what failed. An error that the data of one session caused
// concerns that session alone; anything else is the database's and marked with
// model.ErrStore.
func storeError(doing string, err error) error {
	if err == nil {
		return nil
	}
	if isBehind(err) {
		return postgres.Failed(doing, fmt.Errorf("%w: %w", err, errBehind))
	}
	if isOfData(err) || errors.Is(err, model.ErrUsage) || errors.Is(err, errMayNotErase) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return postgres.Failed(doing, err)
}

// isOfData reports whether Postgres refused a value: one that is none (class 22),
// that a constraint forbids (23), or that is too large for a limit of the program
// (54), of which one is told as an internal error.
func isOfData(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch pg.Code[:2] {
	case "22", "23", "54":
		return true
	}
	return pg.Code == "XX000" && strings.HasPrefix(pg.Message, "invalid memory alloc request size")
}

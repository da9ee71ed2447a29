package load

import (
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Store keeps sessions in one warehouse. Safe for concurrent use.
type Store struct {
	db     *warehouse.DB
	pool   *pgxpool.Pool
	bounds bounds
	held   atomic.Int64 // bytes of encoded rows and rejected records that wait in memory
	// loaders has a place for each connection that sessions may hold at once. The
	// pool has some more, so that the ledger never waits for a large session.
	loaders     chan struct{}
	distributed atomic.Pointer[bool] // nil until it is known
}

// bounds limit the encoded rows and the rejected records that wait in memory, in
// bytes. What does not fit goes to staging tables page by page, so that neither a
// large session nor many at once make the process grow: a session of 18,000 rows
// takes about 4 MiB. The garbage collector may need as much again.
type bounds struct{ session, all int64 }

// bookConnections are those of the pool that no session takes: for the lock of
// the run, the shared request budget, and the ledger.
const bookConnections = 4

// Connections gives the size of a pool for loading that many sessions at once.
// More loaders than a few only get in each other's way: sessions then wait, in
// memory, for the next one that is free.
func Connections(concurrency int) int { return min(concurrency, 8) + bookConnections }

// New gives a store in a warehouse. Stores that load at the same time should be one:
// each counts by itself what waits in memory and which connections it holds.
func New(db *warehouse.DB) *Store {
	return &Store{
		db: db, pool: db.Pool, bounds: bounds{session: 4 << 20, all: 16 << 20},
		loaders: make(chan struct{}, max(int(db.Pool.Config().MaxConns)-bookConnections, 1)),
	}
}

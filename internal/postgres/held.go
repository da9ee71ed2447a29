package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// schemaHold is what the connections of one pool know of the schema's lock. While
// it is wanted, each that does work takes workLock for itself: whatever ends a
// connection ends its work and its lock together, so that nothing is written under
// a migration because another connection was lost unnoticed.
type schemaHold struct {
	wanted atomic.Int64  // how many rely on the schema
	holder atomic.Uint32 // the server's process whose connection was the first to take the lock
}

// Keys of what a connection carries.
const (
	holdKey = "rollcall: hold"       // the pool's schemaHold
	heldKey = "rollcall: holds lock" // whether the connection has the lock itself
)

// holdOf gives what the pool of a connection knows; nil for one that Open did not make.
func holdOf(conn *pgx.Conn) *schemaHold {
	hold, _ := conn.PgConn().CustomData()[holdKey].(*schemaHold)
	return hold
}

// joinHold lets a connection that is about to work hold the schema as the others
// do, or let go where nobody relies on it any more.
func joinHold(ctx context.Context, conn *pgx.Conn) (usable bool, err error) {
	data := conn.PgConn().CustomData()
	hold, held := holdOf(conn), data[heldKey] == true
	switch {
	case hold == nil || held == (hold.wanted.Load() > 0):
		return true, nil
	case held:
		_, err := conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`)
		delete(data, heldKey)
		return err == nil, nil
	}
	// It cannot be had once a migration goes ahead, which is where the holder was lost.
	var got, alive bool
	err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock_shared(`+workLock+`), EXISTS (SELECT FROM pg_locks
		WHERE locktype = 'advisory' AND pid = $1 AND granted AND (classid::bigint << 32 | objid::bigint) = `+schemaLock+`)`,
		hold.holder.Load()).Scan(&got, &alive)
	switch {
	case err != nil:
		return false, err
	case !got:
		return false, fmt.Errorf("%w: the connection that kept the schema as it is was lost, and a migration is under way; what was committed stays, and the next run goes on", model.ErrLocked)
	}
	data[heldKey] = true
	if alive {
		return true, nil
	}
	return sameSchema(ctx, conn)
}

// sameSchema refuses a schema that was changed after the lock on it was lost.
func sameSchema(ctx context.Context, conn *pgx.Conn) (usable bool, err error) {
	want, err := newestMigration()
	if err != nil {
		return false, err
	}
	var have int64
	err = conn.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM `+versionTable+` WHERE is_applied`).Scan(&have)
	if errors.Is(err, context.Canceled) || err == nil && have == want {
		return err == nil, err
	}
	return false, fmt.Errorf("%w: the schema was changed meanwhile; run: rollcall migrate status", model.ErrSchema)
}

// letAllGo gives back the locks of the idle connections of a pool; one that is busy
// does so before it works again.
func letAllGo(ctx context.Context, pool *pgxpool.Pool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), letGoTime)
	defer cancel()
	for _, conn := range pool.AcquireAllIdle(ctx) { // which asks joinHold
		conn.Release()
	}
}

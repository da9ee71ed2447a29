package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// roleOnlyReads is true where the role, not the server or the database, was set to
// read only, as rollcall_reader is.
const roleOnlyReads = `EXISTS (SELECT FROM pg_settings WHERE name = 'default_transaction_read_only' AND setting = 'on' AND source IN ('user', 'database user'))`

// schemaLock is an advisory lock: shared by those who rely on the schema,
// exclusive for whoever changes it.
const schemaLock = `hashtextextended('rollcall:schema', 0)`

// workLock is the lock of each connection that works, shared as well. Whoever changes
// the schema asks for it second: it can be had while he waits for schemaLock, and once
// he has that, he still waits for the work that the lost holder of it began.
const workLock = `hashtextextended('rollcall:schema', 1)`

// HoldSchema refuses a schema that is not this program's, as CheckSchema does, and
// what only reads. It keeps the schema as it is until release: whoever wants
// to change it waits. Where it is being changed at this moment, the error wraps
// model.ErrLocked. Each connection of the pool holds the schema for its own work.
func HoldSchema(ctx context.Context, pool *pgxpool.Pool) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, holdTime)
	defer cancel()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, Failed("connect", err)
	}
	var got, citus bool
	var reads onlyReads
	var pid uint32 // the server's own: what a pooler says in its place is not in pg_locks
	// Also false while somebody waits to change it, so that runs which follow
	// each other closely cannot keep that off for ever.
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock_shared(`+schemaLock+`) AND pg_try_advisory_lock_shared(`+workLock+`), `+askOnlyReads+`,
		pg_backend_pid(), `+hasCitus).Scan(&got, &reads.role, &reads.standby, &reads.setting, &pid, &citus); err != nil {
		conn.Release()
		return nil, Failed("hold the schema", err)
	}
	if !got {
		letGo(ctx, conn)
		return nil, fmt.Errorf("%w: a migration is under way; the next run goes on", model.ErrLocked)
	}
	release = hold(ctx, pool, conn, pid)
	err = CheckSchema(ctx, pool)
	if err == nil && citus {
		err = checkPlacement(ctx, pool)
	}
	if err == nil {
		err = reads.refuse()
	}
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// onlyReads is what may keep a connection from writing, as askOnlyReads finds it.
type onlyReads struct {
	role, standby bool
	setting       string
}

const askOnlyReads = roleOnlyReads + `, pg_is_in_recovery(), current_setting('default_transaction_read_only')`

// refuse says why nothing can be written, and what to do.
func (r onlyReads) refuse() error {
	switch {
	case r.standby:
		return fmt.Errorf("%w: the server only reads, as a standby does: let DATABASE_URL name the primary", model.ErrStore)
	case r.role:
		return fmt.Errorf("%w: the role of DATABASE_URL only reads: %s", model.ErrStore, rightRole)
	case r.setting == "on":
		return fmt.Errorf("%w: the server only reads, since default_transaction_read_only was set for it or for the database, as hosted servers do where a disk is full: mend that first", model.ErrStore)
	}
	return nil
}

// CheckWrites refuses a server, a database and a role that only read, as HoldSchema does.
func CheckWrites(ctx context.Context, pool *pgxpool.Pool) error {
	var reads onlyReads
	if err := pool.QueryRow(ctx, `SELECT `+askOnlyReads).Scan(&reads.role, &reads.standby, &reads.setting); err != nil {
		return Failed("look whether the server takes changes", err)
	}
	return reads.refuse()
}

// hold lets the pool's connections hold what this one does, until release.
func hold(ctx context.Context, pool *pgxpool.Pool, conn *pgxpool.Conn, pid uint32) (release func()) {
	known := holdOf(conn.Conn())
	if known == nil {
		return func() { letGo(ctx, conn) }
	}
	conn.Conn().PgConn().CustomData()[heldKey] = true
	known.holder.Store(pid)
	known.wanted.Add(1)
	return func() {
		known.wanted.Add(-1)
		letGo(ctx, conn)
		letAllGo(ctx, pool)
	}
}

// SchemaHeld tells whether somebody relies on the schema at this moment, so that a
// migration would wait.
func SchemaHeld(ctx context.Context, pool *pgxpool.Pool) (held bool, err error) {
	err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
		WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND d.datname = current_database()
		  AND (l.classid::bigint << 32 | l.objid::bigint) IN (`+schemaLock+`, `+workLock+`))`).Scan(&held)
	return held, migrationError("look for runs that are under way", err)
}

// changeSchema waits, as long as the connection's lock_timeout says, until nobody
// relies on the schema any more, and does something while nobody can.
func changeSchema(ctx context.Context, pool *pgxpool.Pool, do func() error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer letGo(ctx, conn)
	_, err = conn.Exec(ctx, `SELECT pg_advisory_lock(`+schemaLock+`)`)
	if err == nil {
		_, err = conn.Exec(ctx, `SELECT pg_advisory_lock(`+workLock+`)`)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "55P03" {
		err = fmt.Errorf("%w: a run, a backfill or another migration is under way; try again when it has ended, or stop it: what it committed stays", model.ErrLocked)
	}
	if err != nil {
		return err
	}
	return do()
}

// holdTime is how long these questions may take: none of them waits for a lock.
const holdTime = 30 * time.Second

// letGoTime is how long a server that froze may keep a program from its end.
const letGoTime = 5 * time.Second

// letGo gives back the connection without its locks, also when the program was
// told to stop. One that is broken or silent is closed, and its locks end with it.
func letGo(ctx context.Context, conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), letGoTime)
	defer cancel()
	delete(conn.Conn().PgConn().CustomData(), heldKey)
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`); err != nil {
		closeConn(ctx, conn.Hijack())
		return
	}
	conn.Release()
}

// closeConn closes a connection that is broken already; there is nothing to lose.
func closeConn(ctx context.Context, conn *pgx.Conn) { _ = conn.Close(ctx) }

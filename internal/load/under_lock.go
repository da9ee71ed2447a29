package load

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// lock is an advisory lock as the server knows it. The context of the work that
// rests on it carries it.
type lock struct {
	pid int32 // the server's process that holds it
	key int64
}

type lockKey struct{}

// lockLostCode is the SQLSTATE of lock.check.
const lockLostCode = "RC001"

var errLockLost = errors.New("the lock of this run was lost with its connection, and another run may have begun; what was committed stays, and the next run goes on")

// check is a statement that fails where the lock is held no more. The connection
// that held it may be gone without a word, long before its heartbeat notices.
func (l lock) check() string {
	return fmt.Sprintf(`DO $$BEGIN
		IF NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
				AND pid = %d AND (classid::bigint << 32 | objid::bigint) = %d) THEN
			RAISE EXCEPTION 'the lock of the run is held no more' USING ERRCODE = '`+lockLostCode+`';
		END IF;
	END$$`, l.pid, l.key)
}

// begin runs a transaction, which first looks whether the lock of the context is
// still held, in the same message. Without a lock it only begins.
func begin(ctx context.Context, db interface {
	BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
}, do func(tx pgx.Tx) error,
) error {
	var options pgx.TxOptions
	if held, ok := ctx.Value(lockKey{}).(lock); ok {
		options.BeginQuery = "begin; " + held.check()
	}
	return lockError(pgx.BeginTxFunc(ctx, db, options, do))
}

// send sends what queue asks for as one transaction in one round trip, and the look
// of begin before it.
func (s *Store) send(ctx context.Context, queue func(batch *pgx.Batch)) error {
	batch := &pgx.Batch{}
	if held, ok := ctx.Value(lockKey{}).(lock); ok {
		batch.Queue(held.check())
	}
	queue(batch)
	return lockError(s.pool.SendBatch(ctx, batch).Close())
}

// sendOne is send for one statement without rows.
func (s *Store) sendOne(ctx context.Context, sql string, args ...any) error {
	return s.send(ctx, func(batch *pgx.Batch) { batch.Queue(sql, args...) })
}

func lockError(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == lockLostCode {
		return errLockLost
	}
	return err
}

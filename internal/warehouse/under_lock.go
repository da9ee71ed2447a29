package warehouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Lock is an advisory lock as the server knows it.
type Lock struct {
	PID   int32 // the server's process that holds it
	Key   int64
	Fence int64 // another, which each transaction that rests on the lock shares to its end
}

type lockKey struct{}

// WithLock gives a context for work that rests on a lock: Begin, Send and SendOne
// then look whether it is still held.
func WithLock(ctx context.Context, held Lock) context.Context {
	return context.WithValue(ctx, lockKey{}, held)
}

// lockLostCode is the SQLSTATE of Lock.check.
const lockLostCode = "RC001"

// ErrLockLost says that what rests on the lock was not done.
var ErrLockLost = errors.New("the lock of this run was lost with its connection, and another run may have begun; what was committed stays, and the next run goes on")

// check is a statement that fails where the lock is held no more. The connection
// that held it may be gone without a word, long before its heartbeat notices. Where it
// goes later, until the end of the transaction, whoever takes the lock next waits for
// the fence, so that the two never write at the same time.
func (l Lock) check() string {
	return fmt.Sprintf(`DO $$BEGIN
		PERFORM pg_advisory_xact_lock_shared(%d);
		IF NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
				AND pid = %d AND (classid::bigint << 32 | objid::bigint) = %d) THEN
			RAISE EXCEPTION 'the lock of the run is held no more' USING ERRCODE = '`+lockLostCode+`';
		END IF;
	END$$`, l.Fence, l.PID, l.Key)
}

// Begin runs a transaction, which first looks whether the lock of the context is
// still held, in the same message. Without a lock it only begins.
func Begin(ctx context.Context, db interface {
	BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
}, do func(tx pgx.Tx) error,
) error {
	var options pgx.TxOptions
	if held, ok := ctx.Value(lockKey{}).(Lock); ok {
		options.BeginQuery = "begin; " + held.check()
	}
	return lockError(pgx.BeginTxFunc(ctx, db, options, do))
}

// Send sends what queue asks for as one transaction in one round trip, and the look
// of Begin before it.
func (d *DB) Send(ctx context.Context, queue func(batch *pgx.Batch)) error {
	batch := &pgx.Batch{}
	if held, ok := ctx.Value(lockKey{}).(Lock); ok {
		batch.Queue(held.check())
	}
	queue(batch)
	return lockError(d.Pool.SendBatch(ctx, batch).Close())
}

// SendOne is Send for one statement without rows.
func (d *DB) SendOne(ctx context.Context, sql string, args ...any) error {
	return d.Send(ctx, func(batch *pgx.Batch) { batch.Queue(sql, args...) })
}

func lockError(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == lockLostCode {
		return ErrLockLost
	}
	return err
}

package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// lockHeartbeat is how often the connection that holds a lock is tried. Postgres
// lets go of the lock as soon as it notices that the connection is gone.
const lockHeartbeat = 15 * time.Second

// Acquire takes the lock of an account and a kind of run, without waiting. The
// returned context ends when the lock is lost with its connection; until that is
// noticed, no transaction that is given this context begins without it. release lets
// go of it. From then on ClockSkew knows the server's clock. An error wraps model.ErrLocked where another run holds it.
func (s *Store) Acquire(ctx context.Context, accountID, kind string) (held context.Context, release func(), err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, nil, warehouse.Failed("connect", err)
	}
	name := accountID + ":" + kind
	var got bool
	var at time.Time
	var mine warehouse.Lock
	if err := conn.QueryRow(ctx, acquireSQL, name).Scan(&got, nil, &mine.PID, &mine.Key, &mine.Fence, &at); err != nil {
		s.unlock(ctx, conn, name) // it may have come as far as that
		return nil, nil, acquireError(err, kind, accountID)
	}
	if !got {
		conn.Release()
		return nil, nil, fmt.Errorf("%w: a %s for account %s is under way; it goes on, this one ends", model.ErrLocked, kind, accountID)
	}
	s.db.SetTime(at)
	held, lose := context.WithCancelCause(warehouse.WithLock(ctx, mine))
	ctx = context.WithoutCancel(ctx)
	beating := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if err := beat(ctx, conn, s.heartbeat, beating); err != nil {
			lose(warehouse.Failed("the connection that holds the lock was lost", err))
		}
	}()
	return held, func() {
		close(beating)
		<-stopped
		lose(context.Canceled)
		s.unlock(ctx, conn, name)
	}, nil
}

// acquireSQL takes the lock and, where it got it, waits for transactions that rest on
// a lost one: they share the fence. Those that begin later see that it is lost.
const acquireSQL = `SELECT got, CASE WHEN got THEN pg_advisory_xact_lock(fence)::text END, pg_backend_pid(), key, fence, clock_timestamp()
	FROM (SELECT pg_try_advisory_lock(key) AS got, key, fence
		FROM hashtextextended('rollcall:' || $1, 0) AS key, hashtextextended('rollcall:' || $1, 1) AS fence OFFSET 0) AS l`

// acquireError says why a lock could not be taken. A transaction of its last holder that has
// not ended yet is model.ErrLocked.
func acquireError(err error, kind, accountID string) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "55P03" {
		return fmt.Errorf("%w: a %s for account %s lost its lock, and a transaction of it has not ended; the next run goes on", model.ErrLocked, kind, accountID)
	}
	return warehouse.Failed("take the lock", err)
}

// beat tries the connection until done is closed or the connection fails.
func beat(ctx context.Context, conn *pgxpool.Conn, every time.Duration, done <-chan struct{}) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-ticker.C:
		}
		soon, cancel := context.WithTimeout(ctx, lockHeartbeat)
		err := conn.Ping(soon)
		cancel()
		if err != nil {
			return err
		}
	}
}

// unlock lets go of the lock before it returns, so that whoever starts next gets
// it. A connection on which that fails is closed, and the lock dies with it.
func (s *Store) unlock(ctx context.Context, conn *pgxpool.Conn, name string) {
	ctx, cancel := context.WithTimeout(ctx, lockHeartbeat)
	defer cancel()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock(hashtextextended('rollcall:' || $1, 0))`, name); err != nil {
		s.logger.WarnContext(ctx, "letting go of the lock failed; Postgres does so when the connection ends", "error", err)
		err = conn.Hijack().Close(ctx)
		s.logger.DebugContext(ctx, "closed the lock's connection", "error", err)
		return
	}
	conn.Release()
}

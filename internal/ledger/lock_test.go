package ledger_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

func TestLockIsFreeAfterRelease(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	for range 20 {
		held, release, err := b.Ledger.Acquire(t.Context(), "acc", model.KindRun)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := b.Ledger.Acquire(t.Context(), "acc", model.KindRun); !errors.Is(err, model.ErrLocked) || !strings.Contains(err.Error(), "acc") {
			t.Fatalf("a second holder got %v", err)
		}
		_, other, err := b.Ledger.Acquire(t.Context(), "other account", model.KindRun)
		if err != nil {
			t.Fatal(err)
		}
		other()
		release()
		if held.Err() == nil {
			t.Fatal("the holder's context goes on after release")
		}
		// The pool would give the same connection, whose own lock is no obstacle.
		if left := b.Text(`SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); left != "0" {
			t.Fatalf("%s locks are held after release", left)
		}
	}
}

// A run whose lock is gone ends: another one may have begun.
func TestLostLockEndsTheWork(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.Ledger.BeatEvery(time.Millisecond)
	held, release, err := b.Ledger.Acquire(t.Context(), "acc", model.KindRun)
	if err != nil {
		t.Fatal(err)
	}
	var ended int
	if err := b.Pool.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_locks
		WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&ended); err != nil || ended != 1 {
		t.Fatalf("%d holders were ended: %v", ended, err)
	}
	select {
	case <-held.Done():
	case <-time.After(20 * time.Second):
		t.Error("nobody noticed that the lock is gone")
	}
	if cause := context.Cause(held); !errors.Is(cause, model.ErrStore) || !strings.Contains(cause.Error(), "lock was lost") {
		t.Errorf("the reason is %v", cause)
	}
	release()
	for began := time.Now(); ; { // Postgres says goodbye before it lets go
		_, again, err := b.Ledger.Acquire(t.Context(), "acc", model.KindRun)
		if err == nil {
			again()
			return
		}
		if !errors.Is(err, model.ErrLocked) || time.Since(began) > time.Minute {
			t.Fatalf("the lock cannot be had again: %v", err)
		}
	}
}

// A transaction of a run may outlive the lock that it rests on: the next run begins when
// it has ended, and one that begins later is refused.
func TestNextRunWaitsForWhatRestsOnALostLock(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	held, release, err := b.Ledger.Acquire(t.Context(), "acc", model.KindRun)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- warehouse.Begin(held, b.Pool, func(pgx.Tx) error {
			close(begun)
			<-end
			return nil
		})
	}()
	<-begun
	finish := sync.OnceFunc(func() { close(end) })
	defer finish()
	b.EndLockHolder()
	next := make(chan error, 1)
	go func() {
		_, free, err := b.Ledger.Acquire(t.Context(), "acc", model.KindRun)
		if err == nil {
			free()
		}
		next <- err
	}()
	b.UntilOneWaits()
	select {
	case err := <-next:
		t.Fatalf("another run began beside a transaction of the first: %v", err)
	default:
	}
	finish()
	if err := <-ended; err != nil {
		t.Errorf("the transaction gave %v", err)
	}
	if err := <-next; err != nil {
		t.Errorf("the next run gave %v", err)
	}
	if err := warehouse.Begin(held, b.Pool, func(pgx.Tx) error { return nil }); !errors.Is(err, warehouse.ErrLockLost) {
		t.Errorf("a later transaction gave %v", err)
	}
}

// A transaction that does not end keeps the next run off for a while, which then says so
// and leaves no lock behind.
func TestTransactionThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	held, release, err := b.Ledger.Acquire(t.Context(), "acc", model.KindRun)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	cfg := b.Pool.Config()
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SET lock_timeout = '50ms'`)
		return err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	impatient := ledger.New(warehouse.New(pool, slog.New(slog.DiscardHandler)))
	err = warehouse.Begin(held, b.Pool, func(pgx.Tx) error {
		b.EndLockHolder()
		if _, _, err := impatient.Acquire(t.Context(), "acc", model.KindRun); !errors.Is(err, model.ErrLocked) || !strings.Contains(err.Error(), "has not ended") {
			t.Errorf("the next run gave %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, free, err := impatient.Acquire(t.Context(), "acc", model.KindRun)
	if err != nil {
		t.Fatal(err)
	}
	free()
}

// A run that the next one closed as abandoned does not say afterwards how it ended.
func TestAbandonedRunStaysAbandoned(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	first := b.Run
	b.NextRun()
	if _, err := b.Ledger.FinishRun(t.Context(), first, model.RunSummary{Status: model.RunSucceeded}); !errors.Is(err, model.ErrStore) || !strings.Contains(err.Error(), "another run may have begun") {
		t.Errorf("it gave %v", err)
	}
	if got := b.Text(`SELECT string_agg(status, ' ' ORDER BY run_id) FROM sync.runs`); got != "abandoned running" {
		t.Errorf("the runs are %s", got)
	}
}

package ledger_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
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

package postgres_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// sharedLock is how a run of an older program holds the schema that it knows.
const sharedLock = `SELECT pg_advisory_lock_shared(hashtextextended('rollcall:schema', 0))`

// impatient connects without the program's settings, so that it gives up at once.
func impatient(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgtest.NewPool(t.Context(), url+"&lock_timeout=50ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// holdShared holds the schema on a connection of its own, which the caller releases.
func holdShared(t *testing.T, pool *pgxpool.Pool) *pgxpool.Conn {
	t.Helper()
	run, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Exec(t.Context(), sharedLock); err != nil {
		t.Fatal(err)
	}
	return run
}

// awaitWaiter returns once somebody waits for an advisory lock of the database.
func awaitWaiter(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for waiting := 0; waiting == 0; {
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
}

// An upgrade while the cron job of the old program is under way.
func TestMigrateWaitsForARun(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	run := holdShared(t, pool)
	defer run.Release()
	if held, err := postgres.SchemaHeld(t.Context(), pool); err != nil || !held {
		t.Errorf("during a run the schema is held: %t, %v", held, err)
	}
	if done, err := postgres.MigrateUp(t.Context(), impatient(t, url)); !errors.Is(err, model.ErrLocked) || len(done) != 0 || !strings.Contains(err.Error(), "is under way") {
		t.Errorf("during a run migrate did %v and gave %v", done, err)
	}

	applied := make(chan error, 1)
	go func() {
		_, err := postgres.MigrateUp(t.Context(), pool)
		applied <- err
	}()
	// Once it waits, no new run begins.
	awaitWaiter(t, pool)
	if _, err := postgres.HoldSchema(t.Context(), pool); !errors.Is(err, model.ErrLocked) {
		t.Errorf("a run that begins while migrate waits gave %v", err)
	}
	if _, err := run.Exec(t.Context(), `SELECT pg_advisory_unlock_all()`); err != nil {
		t.Fatal(err)
	}
	if err := <-applied; err != nil {
		t.Errorf("after the run migrate gave %v", err)
	}
	if held, err := postgres.SchemaHeld(t.Context(), pool); err != nil || held {
		t.Errorf("after all that the schema is held: %t, %v", held, err)
	}
}

func TestHoldSchema(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	release, err := postgres.HoldSchema(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	second, err := postgres.HoldSchema(t.Context(), pool)
	if err != nil {
		t.Fatalf("a backfill beside a run is refused: %v", err)
	}
	second()
	if _, err := postgres.MigrateUp(t.Context(), impatient(t, url)); err != nil {
		t.Errorf("with nothing pending migrate gave %v", err)
	}
	if _, err := postgres.MigrateDown(t.Context(), impatient(t, url)); !errors.Is(err, model.ErrLocked) {
		t.Errorf("a step back during a run gave %v", err)
	}
	release()
	if _, err := postgres.MigrateDown(t.Context(), impatient(t, url)); err != nil {
		t.Fatalf("a step back after the run gave %v", err)
	}
	if third, err := postgres.HoldSchema(t.Context(), pool); err == nil {
		third() // or closing the pool waits for ever
		t.Error("a run holds an older schema")
	} else if !errors.Is(err, model.ErrSchema) {
		t.Errorf("a run on an older schema gave %v", err)
	}
	// The refused run has let go.
	if _, err := postgres.MigrateUp(t.Context(), impatient(t, url)); err != nil {
		t.Errorf("after a refused run migrate gave %v", err)
	}
}

// Ctrl-C is no failure of the database, whatever it interrupts: told to stop ends
// with another exit code.
func TestStopIsNoFailureOfTheDatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	run := holdShared(t, pool)
	defer run.Release()
	for name, do := range map[string]func(context.Context) error{
		"connect": func(ctx context.Context) error {
			_, err := postgres.Open(ctx, secret.New(url), 1)
			return err
		},
		"hold the schema": func(ctx context.Context) error {
			_, err := postgres.HoldSchema(ctx, pool)
			return err
		},
		"look at the rights": func(ctx context.Context) error {
			_, err := postgres.Lacking(ctx, pool)
			return err
		},
		"migrate": func(ctx context.Context) error {
			_, err := postgres.MigrateDown(ctx, pool)
			return err
		},
	} {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := do(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, model.ErrStore) {
			t.Errorf("%s: %v", name, err)
		}
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		_, err := postgres.MigrateDown(ctx, pool)
		ended <- err
	}()
	awaitWaiter(t, pool)
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) || errors.Is(err, model.ErrStore) {
		t.Errorf("stopped while it waits: %v", err)
	}
}

// The rights of both roles are on the same tables: one who changes them waits for
// the other, or the server would refuse.
func TestRolesAreMadeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock(hashtextextended('rollcall:roles', 0))`); err != nil {
		t.Fatal(err)
	}
	for name, ensure := range map[string]func(context.Context, *pgxpool.Pool, postgres.Role) (postgres.RoleState, error){"reader": postgres.EnsureReader, "loader": postgres.EnsureLoader} {
		if _, err := ensure(t.Context(), impatient(t, url), postgres.Role{}); code(err) != "55P03" {
			t.Errorf("%s does not wait: %v", name, err)
		}
	}
}

// A machine that hangs, or a proxy that keeps a connection to one that is gone: what waits
// for an answer would wait for ever, and with it a program that was told to stop or that
// repeats.
func TestAFrozenServerHoldsNobody(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool, idle := open(t, url), open(t, url)
	release, err := postgres.HoldSchema(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	freeze(t, url, idle)
	released := make(chan struct{})
	go func() { defer close(released); release() }()
	select {
	case <-released:
	case <-time.After(time.Minute):
		t.Error("a program that lets go of the schema waits for a server that does not answer")
	}
	// This took longer than a connection may be idle unseen.
	soon, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := idle.Ping(soon); err != nil {
		t.Errorf("a program that goes on waits for a connection that does not answer: %v", err)
	}
}

// The same before the first lock, where nobody else looks whether the server is still there.
func TestAFrozenServerKeepsNobodyFromTheSchema(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	var own int
	if err := pool.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&own); err != nil {
		t.Fatal(err)
	}
	stop(t, own)
	soon, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if release, err := postgres.HoldSchema(soon, pool); err == nil {
		release() // it was idle long enough to be looked at
	}
	if soon.Err() != nil {
		t.Error("a run that begins waits for a server that does not answer")
	}
}

// freeze stops the server's processes that hold the schema, and the one of a pool, as long
// as the test goes on.
func freeze(t *testing.T, url string, idle *pgxpool.Pool) {
	t.Helper()
	rows, err := open(t, url).Query(t.Context(), `SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	if err != nil {
		t.Fatal(err)
	}
	processes, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(processes) < 2 {
		t.Fatalf("the schema is held by %v: %v", processes, err)
	}
	var own int
	if err := idle.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&own); err != nil {
		t.Fatal(err)
	}
	stop(t, append(processes, own)...)
}

// stop freezes processes of the server as long as the test goes on.
func stop(t *testing.T, processes ...int) {
	t.Helper()
	for _, pid := range processes {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Skipf("the server's processes are not ours to stop: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	}
}

package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

var migrated atomic.Int32

func TestMain(m *testing.M) {
	pgtest.Main(m, func(ctx context.Context, databaseURL string) (err error) {
		migrated.Add(1)
		conn, err := pgx.Connect(ctx, databaseURL)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, conn.Close(ctx)) }()
		_, err = conn.Exec(ctx, "CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)")
		return err
	})
}

func connect(t *testing.T, databaseURL string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	// Left open on purpose: the database is dropped with its connections.
	return conn
}

func count(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM item").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDatabasesAreMigratedOnceAndSeparate(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			conn := connect(t, pgtest.New(t))
			if n := count(t, conn); n != 1 {
				t.Errorf("got %d rows at the start, want the migrated 1", n)
			}
			if _, err := conn.Exec(t.Context(), "INSERT INTO item VALUES ($1)", 100+i); err != nil {
				t.Fatal(err)
			}
			if n := count(t, conn); n != 2 {
				t.Errorf("got %d rows, want 2: databases share rows", n)
			}
			if n := migrated.Load(); n != 1 {
				t.Errorf("migrate ran %d times, want 1", n)
			}
		})
	}
}

func TestNewEmptyHasNoTables(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.NewEmpty(t))
	var n int
	err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&n)
	if err != nil || n != 0 {
		t.Errorf("got %d tables (error %v), want none", n, err)
	}
}

func TestDatabaseIsGoneAfterTheTest(t *testing.T) {
	t.Parallel()
	var dropped string
	t.Run("use", func(t *testing.T) {
		dropped = pgtest.New(t)
		connect(t, dropped)
	})
	if _, err := pgx.Connect(t.Context(), dropped); err == nil {
		t.Error("the database is still there")
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		pgtest.New(b)
	}
}

package pgtest

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// Open gives a pool of the program's own kind, which is closed when the test ends.
func Open(tb testing.TB, databaseURL string, connections int) *pgxpool.Pool {
	tb.Helper()
	pool, err := postgres.Open(tb.Context(), secret.New(databaseURL), connections)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

package ledger_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// roundTrips counts how often a pool waits for an answer of the server.
type roundTrips struct{ atomic.Int64 }

func (n *roundTrips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	n.Add(1)
	return ctx
}

func (*roundTrips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (n *roundTrips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	n.Add(1)
	return ctx
}

func (*roundTrips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (*roundTrips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// The budget is asked twice per request: a database that is far away, or waits for its
// standby, is not to set the pace. What else the connection does is as durable as before.
func TestBudgetTakesTwoRoundTrips(t *testing.T) {
	t.Parallel()
	trips := &roundTrips{}
	pool, err := postgres.OpenTraced(t.Context(), secret.New(pgtest.New(t)), 1, trips)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(t.Context(), `SET synchronous_commit = on`); err != nil {
		t.Fatal(err)
	}
	store := ledger.New(warehouse.New(pool, slog.New(slog.DiscardHandler)))
	state := `{}`
	for _, next := range []string{`{"n": 1}`, `{"n": 2}`, `{"n": 3}`} {
		trips.Store(0)
		err := store.ExchangeBudget(t.Context(), "key", func(old []byte, now time.Time) []byte {
			if string(old) != state {
				t.Errorf("the state is %s, want %s", old, state)
			}
			if off := time.Since(now).Abs(); off > time.Minute {
				t.Errorf("the time is off by %s", off)
			}
			return []byte(next)
		})
		if err != nil {
			t.Fatal(err)
		}
		if state != `{}` && trips.Load() != 2 {
			t.Errorf("it took %d round trips, want 2", trips.Load())
		}
		state = next
	}
	if got := pgtest.Texts(t, pool, `SELECT current_setting('synchronous_commit')`)[0]; got != "on" {
		t.Errorf("synchronous_commit is left %s", got)
	}
}

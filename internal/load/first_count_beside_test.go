package load_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// reads notes which connection counted sessions, and which read who was inside.
type reads struct {
	mu              sync.Mutex
	counted, inside []uint32
	opened          chan struct{} // one for each cursor that was opened by who counts
}

func (r *reads) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid := conn.PgConn().PID()
	switch {
	case strings.HasPrefix(data.SQL, "DELETE FROM analytics.stale_sessions"):
		r.counted = append(r.counted, pid)
	case strings.HasPrefix(data.SQL, "DECLARE stays"):
		r.inside = append(r.inside, pid)
		if pid == r.counted[len(r.counted)-1] {
			r.opened <- struct{}{}
		}
	}
	return ctx
}

func (*reads) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Who was inside is read on a second connection while the first one stores what sessions add.
// Where that cannot be had, or a lock on it would be waited for, the first one reads. What is
// counted is the same.
func TestWhoWasInsideIsReadOnASecondConnection(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 0))
	b := testbed.New(t)
	pgtest.Exec(t, b.Pool, `INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id)
			SELECT app, 'account', now(), now(), 1 FROM unnest('{app,users,machines,doubles}'::text[]) AS app`)
	for n := range 400 {
		b.MustLoad(crowdedSession(rng, n))
	}
	if n := pgtest.Number(t, b.Pool, `SELECT sum(unique_people) FROM analytics.session_figures`); n < 1000 {
		t.Fatalf("%d people are too few for a second connection", n)
	}
	requeue := func() {
		pgtest.Exec(t, b.Pool, `TRUNCATE analytics.stale_sessions, analytics.`+strings.Join(usageTables, ", analytics.")+`;
			INSERT INTO analytics.stale_sessions (session_id, started_at, is_derived) SELECT session_id, started_at, true FROM realtimekit.sessions`)
	}
	requeue()
	for pgtest.Number(t, b.Pool, `SELECT analytics.refresh(1000)`) > 0 {
	}
	want := usageRows(b)

	for name, c := range map[string]struct {
		connections int32
		locked      bool
		second      []bool // whether each opening of the cursor was on the second connection
	}{
		"a second connection":        {4, false, []bool{true}},
		"no second connection":       {1, false, []bool{false}},
		"a lock that somebody holds": {4, true, []bool{true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			requeue()
			seen := &reads{opened: make(chan struct{}, 10)}
			pool := tracedPool(t, b.Pool, c.connections, seen)
			release := func() {}
			if c.locked {
				release = lockUntil(t, b.Pool, seen.opened)
			}
			n, err := warehouse.New(pool, slog.New(slog.DiscardHandler)).RefreshAnalytics(t.Context())
			release()
			if err != nil || n != 400 {
				t.Fatal(n, err)
			}
			sameRows(t, 12, want, usageRows(b))
			if len(seen.counted) != 1 || len(seen.inside) != len(c.second) {
				t.Fatalf("counted by %v, read by %v", seen.counted, seen.inside)
			}
			for i, second := range c.second {
				if (seen.inside[i] != seen.counted[0]) != second {
					t.Errorf("connection %d counted, and %v read", seen.counted[0], seen.inside)
				}
			}
		})
	}
	for _, table := range []string{"session_dates", "shared_person_days", "usage_curves"} {
		t.Run("no room for "+table, func(t *testing.T) {
			requeue()
			pgtest.Exec(t, b.Pool, `ALTER TABLE analytics.`+table+` ADD CONSTRAINT full_now CHECK (false) NOT VALID`)
			defer pgtest.Exec(t, b.Pool, `ALTER TABLE analytics.`+table+` DROP CONSTRAINT full_now`)
			pool := tracedPool(t, b.Pool, 4, &reads{opened: make(chan struct{}, 10)})
			if n, err := warehouse.New(pool, slog.New(slog.DiscardHandler)).RefreshAnalytics(t.Context()); err == nil || !strings.Contains(err.Error(), "full_now") {
				t.Error(n, err)
			}
			if n := pool.Stat().AcquiredConns(); n != 0 {
				t.Errorf("%d connections are still in use", n)
			}
			if n := pgtest.Number(t, b.Pool, `SELECT count(*) FROM analytics.stale_sessions`); n != 400 {
				t.Errorf("%d sessions are queued, want 400", n)
			}
		})
	}
}

func tracedPool(t *testing.T, like *pgxpool.Pool, connections int32, tracer pgx.QueryTracer) *pgxpool.Pool {
	t.Helper()
	config := like.Config().Copy()
	config.MaxConns, config.MinConns, config.ConnConfig.Tracer = connections, 0, tracer
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// lockUntil lets nobody read people of sessions until there is word, which release waits for.
func lockUntil(t *testing.T, pool *pgxpool.Pool, word <-chan struct{}) (release func()) {
	t.Helper()
	holder, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), `LOCK TABLE analytics.session_people IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	var locked sync.WaitGroup
	locked.Go(func() {
		select {
		case <-word:
		case <-time.After(30 * time.Second):
			t.Error("who counts did not come to read")
		}
		_ = holder.Rollback(context.WithoutCancel(t.Context()))
	})
	return locked.Wait
}

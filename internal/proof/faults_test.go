package proof_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Connections are ended by the server at random moments, as an administrator or
// an idle-session reaper does.
func TestBackendsTerminated(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	for _, seed := range sampling.Part(tries(2, 60)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, seed, pgtest.New(t))
			var hit atomic.Int64
			for range 4 {
				timer := time.AfterFunc(time.Duration(s.rng.Int64N(int64(150*time.Millisecond))), func() { hit.Add(s.terminate("random() < 0.5")) })
				end := s.start(s.anyCommand()...).wait()
				timer.Stop()
				s.tellsOnce(end, 0, 1, 3)
			}
			for hit.Load() == 0 { // all runs were too quick: one is made to be under way
				s.sim.Script(simulator.Fault{Path: "*/participants", Nth: 1 + s.rng.IntN(6), Do: func(*simulator.Data) { hit.Add(s.terminate("true")) }})
				s.tellsOnce(s.start("backfill", "--from", "2020-01-01", "--full").wait(), 0, 1, 3)
			}
			s.exact()
		})
	}
}

// terminate ends connections of the program, and gives how many.
func (s *scene) terminate(which string) (ended int64) {
	ctx := context.Background() // of a timer, perhaps after the test
	u := hostOf(s.t, s.direct)
	conn, err := pgx.Connect(ctx, u.String())
	if err != nil {
		return 0
	}
	defer conn.Close(ctx)
	_ = conn.QueryRow(ctx, `SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'rollcall' AND (`+which+`)) AS t`).Scan(&ended)
	return ended
}

// tellsOnce fails unless a run ended with one of the codes and, if it failed, said
// once why; if it says that it is done, it must be.
func (s *scene) tellsOnce(end outcome, codes ...int) {
	s.t.Helper()
	s.honest(end)
	if !slices.Contains(codes, end.code) || end.code == 1 && strings.Count(end.stderr, "rollcall: ") != 1 {
		s.t.Errorf("ends with %d:\n%s", end.code, end.stderr)
	}
}

// A server far away and slow is no failure.
func TestSlowDatabase(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t)
	s := newScene(t, 5, database)
	proxy := s.proxied(database)
	s.poison(proxy, `{"name":"far","type":"latency","stream":"downstream","attributes":{"latency":5,"jitter":5}}`)
	s.poison(proxy, `{"name":"narrow","type":"bandwidth","stream":"upstream","attributes":{"rate":500}}`)
	s.poison(proxy, `{"name":"slices","type":"slicer","stream":"downstream","attributes":{"average_size":64,"size_variation":32,"delay":10}}`)
	s.tellsOnce(s.start("run").wait(), 0)
	s.exact()
}

// The primary becomes a standby while a run is under way, and comes back.
func TestFailoverInMidRun(t *testing.T) {
	t.Parallel()
	for _, seed := range sampling.Part(tries(1, 20)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, seed, pgtest.New(t))
			s.sim.Script(simulator.Fault{Path: "*/participants", Nth: 3 + s.rng.IntN(6), Do: func(*simulator.Data) {
				s.sql(`ALTER DATABASE %s SET default_transaction_read_only = on`)
				s.terminate("true")
			}})
			s.tellsOnce(s.start("run").wait(), 1)
			s.sql(`ALTER DATABASE %s RESET default_transaction_read_only`)
			s.exact()
		})
	}
}

// Another transaction and the program's want each other's rows. Postgres ends the
// program's, which is made once more.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	s := newScene(t, 3, pgtest.New(t))
	s.mustRun("run")
	var session, app, meeting string
	s.sim.Update(func(d *simulator.Data) {
		last := d.Apps[0].Sessions[len(d.Apps[0].Sessions)-1]
		last.MeetingTitle, last.UpdatedAt = "Moved", last.UpdatedAt.Add(time.Minute)
		session, app, meeting = last.ID, last.AppID, last.MeetingID
	})
	other := s.connect()
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }() // it is over by then
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := tx.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`SET LOCAL deadlock_timeout = '1h'`) // the program's side is to find it
	exec(`SELECT FROM realtimekit.meetings WHERE app_id = $1 AND meeting_id = $2 FOR UPDATE`, app, meeting)
	p := s.start("run")
	s.until(`SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	exec(`SELECT FROM sync.session_states WHERE session_id = $1 FOR UPDATE`, session) // returns once the program's transaction was ended
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if end := p.wait(); end.code != 0 {
		t.Errorf("ends with %d:\n%s", end.code, end.stderr)
	}
	s.until(`SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = current_database()`)
	s.exact()
}

// text gives a value of the database.
func (s *scene) text(expression string) (text string) {
	s.t.Helper()
	if err := s.connect().QueryRow(s.t.Context(), `SELECT `+expression+`::text`).Scan(&text); err != nil {
		s.t.Error(err)
	}
	return text
}

// until asks the database until it says yes.
func (s *scene) until(question string) {
	s.t.Helper()
	pool := s.connect()
	for began := time.Now(); ; {
		var yes bool
		if err := pool.QueryRow(s.t.Context(), question).Scan(&yes); err != nil {
			s.t.Fatal(err)
		}
		if yes {
			return
		}
		if time.Since(began) > longest {
			s.t.Fatalf("never: %s", question)
		}
	}
}

// The program's limits on waiting, made short on their way to the server.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	const forbid = `LOCK TABLE realtimekit.peer_events IN ACCESS EXCLUSIVE MODE`
	for name, tt := range sampling.Named(1, map[string]struct {
		old, short string
		forever    bool // the other transaction does not end before the run
		code       int
		says       string
	}{
		"a lock that is let go of": {`lock_timeout = '1min'`, `lock_timeout = '1s'`, false, 0, ""},
		"a lock that is held":      {`lock_timeout = '1min'`, `lock_timeout = '50ms'`, true, 1, "another transaction holds a lock"},
		"a statement without end":  {`statement_timeout = '10min'`, `statement_timeout = '1s'`, true, 1, "took longer than"},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, 4, pgtest.New(t))
			w := newTripwire(t, s.direct, nil, nil, tt.old, tt.short)
			s.database = w.url
			tx, err := s.connect().Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(t.Context()) }() // it is over by then
			if _, err := tx.Exec(t.Context(), forbid); err != nil {
				t.Fatal(err)
			}
			if !tt.forever {
				w.mu.Lock()
				w.onRefusal = func() { _ = tx.Rollback(t.Context()) } // if it fails, the run does too
				w.mu.Unlock()
			}
			if end := s.start("run").wait(); end.code != tt.code || !strings.Contains(end.stderr, tt.says) {
				t.Errorf("ends with %d, without %q:\n%s", end.code, tt.says, end.stderr)
			}
			if refused := w.refused.Load(); refused != strings.HasPrefix(tt.old, "lock_timeout") {
				t.Errorf("a lock was refused: %t", refused)
			}
			_ = tx.Rollback(t.Context())
			s.exact()
		})
	}
}

// A transaction that the program leaves idle for too long, as when its machine
// sleeps, is ended by the server.
func TestIdleInTransaction(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	s := newScene(t, 6, pgtest.New(t))
	const pids = `SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rollcall' AND state = 'idle in transaction'`
	w := newTripwire(t, s.direct, &trap{statement: commitOf + plain(enterState)}, func() { s.until(pids) },
		`idle_in_transaction_session_timeout = '5min'`, `idle_in_transaction_session_timeout = '1s'`)
	s.database = w.url
	s.tellsOnce(s.start("run").wait(), 1)
	if !w.sprung.Load() {
		t.Error("no session was being stored")
	}
	s.exact()
}

const enterState = `INSERT INTO sync.session_states (session_id, app_id, run_id) VALUES ($1, $2, $3) ON CONFLICT (session_id) DO UPDATE SET peers_asked_at = NULL RETURNING read_at`

// A role may have fewer connections than the program wants.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	s := newScene(t, 8, pgtest.New(t))
	role := "few_" + databaseName(t, s.direct)
	s.sql(`CREATE ROLE ` + role + ` LOGIN PASSWORD 'few' CONNECTION LIMIT 2;
		GRANT pg_read_all_data, pg_write_all_data TO ` + role + `; GRANT TEMP ON DATABASE %s TO ` + role)
	u := hostOf(t, s.direct)
	u.User = url.UserPassword(role, "few")
	s.database = u.String()
	end := s.start("run").wait()
	s.tellsOnce(end, 1)
	if !strings.Contains(end.stderr, "raise max_connections or lower ROLLCALL_CONCURRENCY") {
		t.Errorf("no advice:\n%s", end.stderr)
	}
	s.sql(`ALTER ROLE ` + role + ` CONNECTION LIMIT -1 -- %s`)
	s.tellsOnce(s.start("run").wait(), 0)
	s.exact()
}

// The connection that holds the lock of a run dies while the run goes on. Another
// run may begin then; that of the two which came later is the one that counts,
// and nothing is stored twice.
func TestLockHolderLosesItsConnection(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	for _, seed := range sampling.Part(tries(1, 20)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, seed, pgtest.New(t))
			var second *process
			s.sim.Script(simulator.Fault{Path: "*/participants", Nth: 2 + s.rng.IntN(8), Do: func(*simulator.Data) {
				if s.terminate(`pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock')`) != 1 {
					t.Error("no connection held the lock")
				}
				second = s.start("run")
			}})
			first := s.start("run").wait()
			s.tellsOnce(first, 0, 1, 3)
			s.tellsOnce(second.wait(), 0, 3)
			s.exact()
		})
	}
}

// Somebody takes the newest migration back and applies it again, as with an
// upgrade that is undone, while a run is under way: they wait for its end.
func TestMigratedDuringARun(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	for _, seed := range sampling.Part(tries(1, 20)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, seed, pgtest.New(t))
			const version = `(SELECT max(version_id) FROM sync.schema_migrations WHERE is_applied)`
			newest := s.text(version)
			var down *process
			s.sim.Script(simulator.Fault{Path: "*/participants", Nth: 1 + s.rng.IntN(8), Do: func(*simulator.Data) {
				down = s.start("migrate", "down", "--yes")
				s.until(`SELECT ` + version + ` < ` + newest + ` OR EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'
					AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`)
				if got := s.text(version); got != newest {
					t.Errorf("under a run the schema goes from %s to %s", newest, got)
				}
			}})
			s.tellsOnce(s.start("run").wait(), 0, 3)
			if down == nil {
				t.Fatal("nobody migrated")
			}
			s.tellsOnce(down.wait(), 0)
			s.tellsOnce(s.start("run").wait(), 1)
			s.tellsOnce(s.start("migrate", "up").wait(), 0)
			s.exact()
		})
	}
}

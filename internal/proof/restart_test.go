package proof_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// The server itself dies in mid-load, as by an immediate shutdown or the lack of
// memory, and recovers from its WAL; or it is restarted, as for an upgrade.
func TestServerKilledInMidLoad(t *testing.T) {
	t.Parallel()
	for _, seed := range sampling.Part(tries(1, 20)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			dir, err := private.MkdirTemp("rollcall-proof-pg-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			server := startServer(t, dir)
			s := newScene(t, seed, server.URL())
			s.migrate()
			// Early, since the second backfill goes on where the first was stopped.
			for _, how := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGINT} {
				victim := server
				s.sim.Script(simulator.Fault{Path: "*/participants", Nth: 2 + s.rng.IntN(10), Do: func(*simulator.Data) { crash(t, victim, how) }})
				end := s.start("backfill", "--from", "2020-01-01", "--full").wait()
				if end.code != 1 || strings.Count(end.stderr, "the database failed: ") != 1 {
					t.Errorf("ends with %d:\n%s", end.code, end.stderr)
				}
				_ = server.Stop(t.Context()) // it is gone already
				server = startServer(t, dir)
				s.database, s.direct = server.URL(), server.URL()
			}
			s.exact()
		})
	}
}

// A server that waits at each commit for a standby that is gone lets a run hang without a
// word: whoever looks why is told.
func TestDoctorMissesTheStandby(t *testing.T) {
	t.Parallel()
	dir, err := private.MkdirTemp("rollcall-proof-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := newScene(t, 11, startServer(t, dir).URL())
	s.migrate()
	if end := s.start("doctor").wait(); end.code != 0 {
		t.Fatalf("without a standby it ends with %d:\n%s", end.code, end.stderr)
	}
	conn := s.admin(t.Context())
	defer conn.Close(t.Context())
	for _, statement := range []string{`ALTER SYSTEM SET synchronous_standby_names = 'gone'`, `SELECT pg_reload_conf()`} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for names := ""; names == ""; {
		if err := conn.QueryRow(t.Context(), `SHOW synchronous_standby_names`).Scan(&names); err != nil {
			t.Fatal(err)
		}
	}
	end := s.start("doctor").wait()
	if end.code != 1 || !strings.Contains(end.stderr, "doctor found 1 problem") {
		t.Errorf("with a standby that is gone it ends with %d:\n%s", end.code, end.stderr)
	}
}

// startServer starts a server whose commits are durable.
func startServer(t *testing.T, dir string) *private.Server {
	t.Helper()
	server, err := private.Start(t.Context(), private.Config{Dir: dir, AllowDownload: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(t.Context()) })
	return server
}

// crash lets the server go down: at once, without a checkpoint (SIGQUIT), or in
// good order (SIGINT).
func crash(t *testing.T, server *private.Server, how syscall.Signal) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(server.Dir(), "data", "postmaster.pid"))
	if err != nil {
		t.Error(err)
		return
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Error(err)
		return
	}
	if err := syscall.Kill(pid, how); err != nil {
		t.Error(err)
	}
}

// migrate makes the schema.
func (s *scene) migrate() {
	s.t.Helper()
	pool, err := postgres.Open(s.t.Context(), secret.New(s.direct), 2)
	if err != nil {
		s.t.Fatal(err)
	}
	defer pool.Close()
	if _, err := postgres.MigrateUp(s.t.Context(), pool); err != nil {
		s.t.Fatal(err)
	}
}

package proof_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// A PgBouncer that lends connections for a transaction at a time would share the
// lock of a run and the staging tables without a word, so it is refused; one that
// lends them for a session is as good as the server.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	for mode, pools := range map[string]int{"transaction": 3, "statement": 1, "session": 1} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			for pool := range pools {
				s := newScene(t, 2, pgtest.New(t))
				s.database = bouncer(t, s.direct, mode, fmt.Sprintf("min_pool_size=%d\nserver_round_robin=%d", pool*4, pool%2))
				end := s.start("run").wait()
				if mode == "session" {
					s.tellsOnce(end, 0)
					s.exact()
					continue
				}
				if end.code != 2 || !strings.Contains(end.stderr, "pool_mode = session") || strings.Count(end.stderr, "rollcall: ") != 1 {
					t.Errorf("%s: ends with %d:\n%s", mode, end.code, end.stderr)
				}
			}
		})
	}
}

// A PgBouncer lets everybody in and answers when it has a connection, for which a run that
// holds them all would wait until it was stopped.
func TestPgBouncerWithTooFewConnections(t *testing.T) {
	t.Parallel()
	for pool, says := range map[int]string{1: "cannot use database", 2: "look at the numbered columns"} {
		t.Run(fmt.Sprint(pool), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, 2, pgtest.New(t))
			s.database = bouncer(t, s.direct, "session", fmt.Sprintf("default_pool_size=%d", pool))
			end := s.start("run").wait()
			if end.code != 1 || !strings.Contains(end.stderr, says) || !strings.Contains(end.stderr, "a pooler in front of the server has no connection left for it") {
				t.Errorf("run ends with %d:\n%s", end.code, end.stderr)
			}
			if pool == 1 {
				return
			}
			reached, err := postgres.Open(t.Context(), secret.New(s.database), 1)
			if err != nil {
				t.Fatal(err)
			}
			defer reached.Close()
			if given, pooled, err := postgres.Room(t.Context(), reached, 9); given != 2 || !pooled || err != nil {
				t.Errorf("doctor sees %d connections, pooled %v: %v", given, pooled, err)
			}
		})
	}
}

// bouncer starts a PgBouncer before a database, until the test ends.
func bouncer(t *testing.T, database, mode, more string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; !exists(program) {
			needs(t, "PgBouncer, which is not installed (package pgbouncer)")
		}
	}
	u := hostOf(t, database)
	password, _ := u.User.Password()
	port := freePort(t)
	config := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s password=%s\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=%s\n"+
		"unix_socket_dir=\nauth_type=any\npool_mode=%s\ndefault_pool_size=20\n%s\n", u.Hostname(), u.Port(), u.User.Username(), password, port, mode, more)
	dir := t.TempDir()
	if os.Geteuid() == 0 {
		config += "user=postgres\n" // it refuses to run as root
	}
	file := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log := new(strings.Builder)
	cmd := exec.CommandContext(t.Context(), program, file)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	u.Host = net.JoinHostPort("127.0.0.1", port)
	u.User = url.UserPassword("any", "thing")
	waitFor(t, u.String(), log)
	return u.String()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// needs leaves a test out where the machine lacks what it needs, and says so; CI
// lacks nothing.
func needs(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("ROLLCALL_CI") != "" {
		t.Fatalf("this test needs %s", what)
	}
	t.Skipf("NOT TRIED: this needs %s", what)
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// waitFor returns when a database answers.
func waitFor(t *testing.T, database string, log fmt.Stringer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		conn, err := pgx.Connect(ctx, database)
		if err == nil {
			_ = conn.Close(ctx)
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("it does not answer: %v\n%s", err, log)
		case <-ticker.C:
		}
	}
}

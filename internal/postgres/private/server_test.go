//go:build unix

package private

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/sampling"
)

func TestDataLastsFromStartToStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "deep", "er") // missing folders are made
	first := startIn(t, Config{Dir: dir})
	execSQL(t, first.URL(), "CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)")
	for setting, want := range map[string]string{
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on",
		"TimeZone": "UTC", "server_encoding": "UTF8", "listen_addresses": host,
		"unix_socket_directories": "", "max_connections": "50",
	} {
		if got := queryText(t, first.URL(), "SELECT current_setting('"+setting+"')"); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	stopServer(t, first)
	stopServer(t, first) // again: no error
	if _, err := pgx.Connect(t.Context(), first.URL()); err == nil {
		t.Error("server still answers after Stop")
	}

	second := startIn(t, Config{Dir: dir})
	if got := queryText(t, second.URL(), "SELECT id::text FROM kept"); got != "42" {
		t.Errorf("got %s from the second start, want 42", got)
	}
	if second.Joined() || second.Dir() != first.Dir() || filepath.Dir(second.Dir()) != dir {
		t.Errorf("second start: joined %v, folder %s after %s", second.Joined(), second.Dir(), first.Dir())
	}
	if !strings.HasPrefix(queryText(t, second.URL(), "SHOW server_version"), second.Version()) {
		t.Errorf("version %s is not the server's", second.Version())
	}
}

func TestStartsAfterTheServerWasKilled(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	var log logBuffer
	first := startIn(t, Config{Dir: dir, Logger: log.logger()})
	execSQL(t, first.URL(), "CREATE TABLE kept AS SELECT generate_series(1, 50000) AS id")
	kill(t, serverPid(t, first.Dir()))
	<-first.done
	if !strings.Contains(log.String(), "ended by itself") {
		t.Errorf("the end of the server was not logged: %s", log.String())
	}
	second := startIn(t, Config{Dir: dir})
	if got := queryText(t, second.URL(), "SELECT count(*)::text FROM kept"); got != "50000" {
		t.Errorf("got %s rows after the crash, want 50000", got)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := signal(pid, os.Kill); err != nil {
		t.Fatal(err)
	}
}

// TestStalePidFile puts the pid of a process of the server's user, which
// PostgreSQL alone would take for a running server.
func TestStalePidFile(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	a, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	foreign := exec.CommandContext(t.Context(), "sleep", "600")
	foreign.Dir, foreign.SysProcAttr = "/", a.sysProcAttr()
	if err := foreign.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		kill(t, foreign.Process.Pid)
		_ = foreign.Wait() // it was killed
	})
	dir := openDir(t)
	first := startIn(t, Config{Dir: dir, NoSync: true})
	execSQL(t, first.URL(), "CREATE TABLE kept (id int)")
	stopServer(t, first)
	for name, text := range map[string]string{
		"another process": fmt.Sprintf("%d\n%s\n1\n5432\n\n127.0.0.1\n  1 2\nready   \n", foreign.Process.Pid, filepath.Join(first.Dir(), dataName)),
		"this process":    strconv.Itoa(os.Getpid()) + "\n",
		"no process":      "99999999\n",
		"empty":           "",
		"rubbish":         "rubbish\n",
	} {
		path := filepath.Join(first.Dir(), pidFileName)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if a.drop {
			if err := os.Chown(path, a.uid, a.gid); err != nil {
				t.Fatal(err)
			}
		}
		again, err := Start(t.Context(), Config{Dir: dir, NoSync: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		execSQL(t, again.URL(), "TABLE kept")
		stopServer(t, again)
	}
	if !exists(foreign.Process.Pid) {
		t.Error("the foreign process was killed")
	}
}

// TestStartsAtOnce has one of four run the server and the others join it.
func TestStartsAtOnce(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	dir := openDir(t)
	var servers [4]*Server
	var all sync.WaitGroup
	for i := range servers {
		all.Go(func() {
			var err error
			if servers[i], err = Start(t.Context(), Config{Dir: dir, NoSync: true}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	var owner *Server
	owners := 0
	for _, server := range servers {
		if !server.Joined() {
			owners++
			owner = server
			continue
		}
		stopServer(t, server)
	}
	if owners != 1 {
		t.Fatalf("%d of them run the server, want 1", owners)
	}
	execSQL(t, owner.URL(), "SELECT 1") // the guests' Stop left it running
	stopServer(t, owner)
}

// TestStopWithoutPatience gives no time for a clean stop.
func TestStopWithoutPatience(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	dir := openDir(t)
	server := startIn(t, Config{Dir: dir})
	execSQL(t, server.URL(), "CREATE TABLE kept AS SELECT generate_series(1, 100000) AS id")
	pid := serverPid(t, server.Dir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := server.Stop(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want nil or context.Canceled", err)
	}
	if runs(t, pid, server.Dir()) {
		t.Error("server still runs")
	}
	server.stopErr = nil // seen; the clean-up calls Stop again
	again := startIn(t, Config{Dir: dir})
	execSQL(t, again.URL(), "TABLE kept LIMIT 1")
}

func TestStartReportsTheServersLog(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	dir := openDir(t)
	server := startIn(t, Config{Dir: dir, NoSync: true})
	stopServer(t, server)
	control := filepath.Join(server.Dir(), dataName, "postgresql.conf")
	if err := os.WriteFile(control, []byte("no_such_setting = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{Dir: dir, NoSync: true})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") || !strings.Contains(err.Error(), logName) {
		t.Errorf("got error %v, want the server's own words", err)
	}
}

func TestStartCanBeCancelled(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	dir := openDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Config{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	startIn(t, Config{Dir: dir, NoSync: true}) // and nothing is in the way
}

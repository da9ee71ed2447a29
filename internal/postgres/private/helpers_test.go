//go:build unix

package private

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		os.Exit(helperMain())
	}
	syscall.Umask(0o077) // the strictest that people use
	os.Exit(m.Run())
}

// patience is how long poll waits for what should happen soon.
const patience = 30 * time.Second

// poll waits until done says yes.
func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited %v in vain until %s", patience, what)
		}
	}
}

// openDir is t.TempDir with a folder that the server's user can enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := MkdirTemp("rollcall-private-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// logBuffer keeps what was logged.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// startIn starts the cluster in dir and stops it after the test.
func startIn(t *testing.T, cfg Config) *Server {
	t.Helper()
	server, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, server) })
	return server
}

func stopServer(t *testing.T, server *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// execSQL runs statements on the database behind a URL.
func execSQL(t *testing.T, databaseURL, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), statements)
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// queryText returns the one value of a query as text.
func queryText(t *testing.T, databaseURL, query string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	var value string
	err = conn.QueryRow(t.Context(), query).Scan(&value)
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	return value
}

func serverPid(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, pidFileName))
	if err != nil {
		t.Fatal(err)
	}
	return parsePidFile(string(text)).pid
}

// runs reports whether pid is the server of the cluster in dir.
func runs(t *testing.T, pid int, dir string) bool {
	t.Helper()
	args, err := commandLine(t.Context(), pid)
	if err != nil {
		t.Fatal(err)
	}
	return isServerOf(args, filepath.Join(dir, dataName))
}

// fakePrograms makes a folder with an initdb and a postgres of some version.
func fakePrograms(t *testing.T, dir, version string) string {
	t.Helper()
	mkdirOpen(t, dir)
	writeScript(t, filepath.Join(dir, "initdb"), "exit 1")
	writeScript(t, filepath.Join(dir, "postgres"), fmt.Sprintf("echo 'postgres (PostgreSQL) %s'", version))
	return dir
}

// mkdirOpen makes a folder that all may enter, and those above it.
func mkdirOpen(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(dir); err == nil {
		return
	}
	mkdirOpen(t, filepath.Dir(dir))
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
}

// writeScript keeps other goroutines from starting a program meanwhile: it would
// inherit the open file, and the script could not be run ("text file busy").
func writeScript(t *testing.T, path, body string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := errors.Join(os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o600), os.Chmod(path, 0o755)); err != nil {
		t.Fatal(err)
	}
}

// environment is a getenv over a list of NAME=value.
func environment(entries ...string) func(string) string {
	return func(name string) string {
		for _, entry := range entries {
			if found, value, _ := strings.Cut(entry, "="); found == name {
				return value
			}
		}
		return ""
	}
}

package pgtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/postgres/private"
)

// Restored gives a copy of a database, made by pg_dump and pg_restore as the manual has
// it; more are arguments for pg_dump. It is the test's own, and dropped with it. ok is
// false where the machine has a server without these two programs.
func Restored(tb testing.TB, databaseURL string, more ...string) (copied string, ok bool) {
	tb.Helper()
	programs, err := private.Find(tb.Context(), private.FindOptions{})
	if err != nil {
		return "", false
	}
	for _, name := range []string{"pg_dump", "pg_restore"} {
		if _, err := os.Stat(filepath.Join(programs.Dir, name)); err != nil {
			return "", false
		}
	}
	run := func(name string, args ...string) {
		tb.Helper()
		out, err := exec.CommandContext(tb.Context(), filepath.Join(programs.Dir, name), args...).CombinedOutput() //nolint:gosec // the server's own programs
		if err != nil {
			tb.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	file := filepath.Join(tb.TempDir(), "warehouse.dump")
	run("pg_dump", append(more, "--format=custom", "--no-owner", "--no-privileges", "--file="+file, databaseURL)...)
	copied = NewEmpty(tb)
	run("pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname="+copied, file)
	return copied, true
}

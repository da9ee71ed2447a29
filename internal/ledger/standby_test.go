package ledger_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// A standby has no unlogged tables and does not know its primary's locks: what it
// cannot know is left out, and a run that has not ended is not called under way.
func TestOverviewOfAStandby(t *testing.T) {
	t.Parallel()
	dir, err := private.MkdirTemp("rollcall-standby-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	quiet := slog.New(slog.DiscardHandler)
	within := func(do func(pool *pgxpool.Pool)) {
		t.Helper()
		server, err := private.Start(t.Context(), private.Config{Dir: dir, AllowDownload: true, NoSync: true, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		pool, err := postgres.Open(t.Context(), secret.New(server.URL()), 2)
		if err != nil {
			t.Fatal(err)
		}
		do(pool)
		pool.Close()
		if err := server.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	within(func(pool *pgxpool.Pool) {
		if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
		if _, err := pool.Exec(t.Context(), `INSERT INTO sync.runs (account_id, kind, status, started_at, program_version)
			VALUES ('acc', 'run', 'running', now(), 't')`); err != nil {
			t.Fatal(err)
		}
	})
	becomeStandby(t, dir)
	within(func(pool *pgxpool.Pool) {
		if err := postgres.CheckSchema(t.Context(), pool); err != nil {
			t.Error(err)
		}
		if _, err := postgres.HoldSchema(t.Context(), pool); err == nil {
			t.Error("a run begins on a standby")
		}
		o, err := ledger.New(warehouse.New(pool, quiet)).Overview(t.Context(), "acc")
		if err != nil || !o.Standby || len(o.Runs) != 1 || o.Runs[0].UnderWay || o.Budget.Tokens == nil {
			t.Errorf("the overview is %+v: %v", o, err)
		}
		facts, err := postgres.Inspect(t.Context(), pool)
		if err != nil || !facts.Standby || !facts.ReadOnly {
			t.Errorf("the server is seen as %+v: %v", facts, err)
		}
	})
}

// becomeStandby lets the server of a folder wait for a primary that never comes.
func becomeStandby(t *testing.T, dir string) {
	t.Helper()
	found := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "PG_VERSION" {
			return err
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "global")); errors.Is(err, fs.ErrNotExist) {
			return nil // of one database
		}
		found++
		return os.WriteFile(filepath.Join(filepath.Dir(path), "standby.signal"), nil, 0o600)
	})
	if err != nil || found != 1 {
		t.Fatalf("%d clusters: %v", found, err)
	}
}

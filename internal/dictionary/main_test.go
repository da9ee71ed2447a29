package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

func TestPagesAreCurrent(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(t.Context(), secret.New(pgtest.New(t)), 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	fresh := t.TempDir()
	if err := write(t.Context(), pool, fresh); err != nil {
		t.Fatal(err)
	}
	for name, must := range map[string]string{
		"dictionary.md": "| `present_seconds` | double precision | Seconds inside, each counted once however many devices there were. |",
		"schema.md":     `realtimekit_sessions ||--o{ realtimekit_participants : "session_id"`,
	} {
		want, err := os.ReadFile(filepath.Join(fresh, name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(want), must) {
			t.Errorf("%s does not contain %q", name, must)
		}
		got, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(got), string(want)); diff != "" {
			t.Errorf("docs/%s is not current; run: go run ./internal/dictionary\n%.2000s", name, diff)
		}
	}
}

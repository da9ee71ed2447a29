package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

func TestPagesAreCurrent(t *testing.T) {
	t.Parallel()
	pool := pgtest.Open(t, pgtest.New(t), 2)
	c, err := readCatalog(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join("..", "..")
	files, err := c.files(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, must := range map[string]string{
		"docs/dictionary.md":                        "| `present_seconds` | double precision | Seconds inside, each counted once however many devices there were. |",
		"docs/schema.md":                            `realtimekit_sessions ||--o{ realtimekit_participants : "session_id"`,
		"deploy/dbt/models/sources/realtimekit.yml": "to: source('realtimekit', 'participants')",
		"deploy/dbt/models/exposures.yml":           "source('analytics', 'usage_cost')",
		"deploy/dbt/models/sources/analytics.yml":   "description: Seconds inside, each counted once however many devices there were.",
	} {
		if !strings.Contains(files[name], must) {
			t.Errorf("%s does not contain %q", name, must)
		}
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(got), want); diff != "" {
			t.Errorf("%s is not current; run: go run ./internal/dictionary\n%.2000s", name, diff)
		}
	}
}

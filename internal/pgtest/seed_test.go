package pgtest

import (
	"testing"

	"github.com/rollcall-etl/rollcall/internal/sampling"
)

// The first test binary leaves the migrated cluster, the second begins with a copy of it:
// each database has all migrations.
func TestSeed(t *testing.T) {
	sampling.Long(t)
	t.Setenv(seedVariable, t.TempDir())
	var seen []string
	for range 2 {
		c := &cluster{migrate: Migrated}
		if err := c.startServer(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.stop(); err != nil {
				t.Error(err)
			}
		})
		if err := c.makeTemplate(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, Ask(t, c.create(t, templateName),
			`SELECT system_identifier || ', migration ' || (SELECT max(version_id) FROM sync.schema_migrations) FROM pg_control_system()`)...)
	}
	if len(seen) != 2 || seen[0] != seen[1] {
		t.Errorf("no copy of one cluster: %q", seen)
	}
}

package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/sampling"
)

// What an upgrade makes, the roles of reader and loader have their rights on at once, and
// on nothing that others make in these schemas, before or after. An earlier program
// gave them default privileges, which went further; those that others gave stay.
func TestUpgradeGivesTheRolesTheirRights(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	reads, loads, other := cfg.Database+"_reads", cfg.Database+"_loads", cfg.Database+"_other"
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: reads}); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.EnsureLoader(t.Context(), pool, postgres.Role{Name: loads}); err != nil {
		t.Fatal(err)
	}
	replaced := strings.NewReplacer("READS", reads, "LOADS", loads, "OTHER", other)
	do := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), replaced.Replace(sql)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { dropRoles(t, url, reads, loads, other) })
	do(`CREATE ROLE OTHER; GRANT SELECT ON sync.runs TO OTHER;
		ALTER DEFAULT PRIVILEGES IN SCHEMA analytics GRANT SELECT ON TABLES TO OTHER;
		ALTER DEFAULT PRIVILEGES IN SCHEMA realtimekit, sync GRANT SELECT, INSERT, UPDATE ON TABLES TO LOADS;
		ALTER DEFAULT PRIVILEGES IN SCHEMA analytics, realtimekit GRANT SELECT ON TABLES TO READS`)
	for table := "sync.retention_horizons"; ; { // of migration 00005
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
		var gone bool
		if err := pool.QueryRow(t.Context(), `SELECT to_regclass($1) IS NULL`, table).Scan(&gone); err != nil {
			t.Fatal(err)
		}
		if gone {
			break
		}
	}
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	do(`CREATE TABLE realtimekit.theirs (n int); CREATE TABLE analytics.theirs (n int)`)
	for _, c := range []struct {
		role, right, table string
		want               bool
	}{
		{reads, "SELECT", "sync.retention_horizons", true},
		{reads, "INSERT", "sync.retention_horizons", false},
		{loads, "INSERT", "sync.retention_horizons", true},
		{loads, "DELETE", "sync.retention_horizons", false},
		{reads, "SELECT", "analytics.no_shows", true},
		{loads, "SELECT", "analytics.no_shows", true},
		{reads, "SELECT", "realtimekit.theirs", false},
		{loads, "INSERT", "realtimekit.theirs", false},
		{other, "SELECT", "analytics.theirs", true},
		{other, "SELECT", "sync.retention_horizons", false},
	} {
		var has bool
		if err := pool.QueryRow(t.Context(), `SELECT has_table_privilege($1, $2, $3)`, c.role, naming.Real(c.table), c.right).Scan(&has); err != nil {
			t.Fatal(err)
		}
		if has != c.want {
			t.Errorf("%s has %s on %s: %t", c.role, c.right, c.table, has)
		}
	}

	// A view that a migration brings back in its older form is read as before.
	for range 3 {
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
		for _, view := range []string{"no_shows", "usage_cost", "person_attendance", "reconciliation"} {
			for _, role := range []string{reads, loads} {
				var has bool
				if err := pool.QueryRow(t.Context(), `SELECT has_table_privilege($1, $2, 'SELECT')`, role, naming.Real("analytics."+view)).Scan(&has); err != nil || !has {
					t.Errorf("after migrate down %s may not read %s: %v", role, view, err)
				}
			}
		}
	}
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}

	// A role that may do more by now keeps nothing from being migrated, and is named.
	do(`ALTER ROLE LOADS CREATEDB`)
	if done, err := postgres.MigrateDown(t.Context(), pool); len(done) != 1 || err == nil || !strings.Contains(err.Error(), "rollcall loader --role "+loads) {
		t.Errorf("%v, %v", done, err)
	}
	if done, err := postgres.MigrateUp(t.Context(), pool); len(done) != 1 || err == nil || !strings.Contains(err.Error(), "rollcall loader --role "+loads) {
		t.Errorf("%v, %v", done, err)
	}
	if err := postgres.CheckSchema(t.Context(), pool); err != nil {
		t.Error(err)
	}
}

// dropRoles drops roles with what they have in the database of url.
func dropRoles(t *testing.T, url string, roles ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	pool, err := pgtest.NewPool(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, role := range roles {
		if _, err := pool.Exec(ctx, `DROP OWNED BY `+role+`; DROP ROLE `+role); err != nil {
			t.Error(err)
		}
	}
}

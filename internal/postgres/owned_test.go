package postgres_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/migrations"
)

// The list of what migrations make is what the catalog of a new database shows.
func TestObjectsAreThoseOfTheCatalog(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	want := pgtest.Texts(t, pool, `
		SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname IN ('realtimekit', 'sync', 'analytics', 'rollcall_queue')
		UNION
		SELECT CASE relkind WHEN 'i' THEN 'index ' WHEN 'c' THEN 'type ' ELSE 'relation ' END || nspname || '.' || relname
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
		WHERE nspname IN ('realtimekit', 'sync', 'analytics') AND relkind NOT IN ('t', 'I')
		  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype IN ('a', 'i') AND relkind = 'S')
		  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid AND contype IN ('p', 'u', 'x'))
		UNION
		SELECT DISTINCT 'function ' || nspname || '.' || proname FROM pg_proc JOIN pg_namespace AS n ON n.oid = pronamespace
		WHERE nspname IN ('realtimekit', 'sync', 'analytics')
		UNION
		SELECT 'type ' || nspname || '.' || typname FROM pg_type JOIN pg_namespace AS n ON n.oid = typnamespace
		WHERE nspname IN ('realtimekit', 'sync', 'analytics') AND typtype IN ('e', 'd')`)
	objects, err := migrations.Objects()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range objects {
		got = append(got, string(o.Kind)+" "+naming.Real(o.String()))
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the catalog (-) and the list (+) differ:\n%s", d)
	}
	want = pgtest.Texts(t, pool, `
		SELECT 'relation ' || nspname || '.' || relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
		WHERE nspname = 'rollcall_queue' AND relkind = 'r'
		UNION ALL
		SELECT 'function ' || nspname || '.' || proname FROM pg_proc JOIN pg_namespace AS n ON n.oid = pronamespace WHERE nspname = 'rollcall_queue'`)
	got = nil
	for _, o := range migrations.Queue() {
		got = append(got, string(o.Kind)+" "+naming.Real(o.String()))
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the catalog (-) and the list of River's (+) differ:\n%s", d)
	}
}

func TestNamesThatAreTaken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ made, want string }{
		"a table":            {`CREATE SCHEMA sync; CREATE TABLE sync.runs (x int)`, "the table sync.runs"},
		"a view for a table": {`CREATE SCHEMA realtimekit; CREATE VIEW realtimekit.apps AS SELECT 1`, "the view realtimekit.apps"},
		"a function":         {`CREATE SCHEMA analytics; CREATE FUNCTION analytics.refresh() RETURNS int LANGUAGE sql AS 'SELECT 1'`, "the function analytics.refresh"},
		"an index":           {`CREATE SCHEMA sync; CREATE TABLE sync.jobs (x int); CREATE INDEX runs_by_start ON sync.jobs (x)`, "the index sync.runs_by_start"},
		"a type":             {`CREATE SCHEMA sync; CREATE TYPE sync.privacy AS ENUM ('a')`, "the type sync.privacy"},
		"another's ledger":   {`CREATE SCHEMA sync; CREATE TABLE sync.schema_migrations (version text)`, "the table sync.schema_migrations"},
		"nothing of ours":    {`CREATE SCHEMA analytics; CREATE TABLE analytics.fct_orders (x int); CREATE SCHEMA sync; CREATE SCHEMA realtimekit`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := open(t, pgtest.NewEmpty(t))
			if _, err := pool.Exec(t.Context(), c.made); err != nil {
				t.Fatal(err)
			}
			_, err := postgres.MigrateUp(t.Context(), pool)
			if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, model.ErrSchema) || !strings.Contains(err.Error(), naming.Text(c.want)+", which Rollcall did not make")) {
				t.Fatalf("migrate gave %v", err)
			}
			if applied := pgtest.Texts(t, pool, `SELECT c.oid::regclass::text FROM pg_class AS c WHERE oid = to_regclass('realtimekit.sessions')`); c.want != "" && len(applied) > 0 {
				t.Error("some migrations were applied all the same")
			}
		})
	}
}

// A restore that left out the list of migrations is told as one: nobody is sent to rename
// the tables of the warehouse, or to make them.
func TestWarehouseWithoutItsMigrations(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]string{
		"rows":    `DELETE FROM sync.schema_migrations`,
		"a table": `DROP TABLE sync.schema_migrations`,
		"schemas": `DROP SCHEMA sync CASCADE`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := open(t, pgtest.New(t))
			if _, err := pool.Exec(t.Context(), lost); err != nil {
				t.Fatal(err)
			}
			_, failed := postgres.MigrateUp(t.Context(), pool)
			for doing, err := range map[string]error{"migrate": failed, "a check": postgres.CheckSchema(t.Context(), pool)} {
				if !errors.Is(err, model.ErrSchema) || !strings.Contains(err.Error(), naming.Text("sync.schema_migrations is missing or empty")) {
					t.Errorf("%s gave %v", doing, err)
				}
			}
		})
	}
}

// A step back stops where others would lose something, and names it.
func TestDownStopsAtOthers(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	if _, err := pool.Exec(t.Context(), `CREATE SCHEMA mart;
		CREATE MATERIALIZED VIEW mart.late AS SELECT * FROM analytics.daily_usage;
		CREATE VIEW mart.later AS SELECT * FROM mart.late;
		CREATE VIEW mart.names AS SELECT display_name FROM realtimekit.participants;
		CREATE TABLE mart.marks (session_id uuid REFERENCES realtimekit.sessions);
		CREATE TABLE analytics.my_notes (x serial)`); err != nil {
		t.Fatal(err)
	}
	others := map[string]string{
		"materialized view mart.late": `DROP MATERIALIZED VIEW IF EXISTS mart.late CASCADE;`,
		"view mart.later":             `DROP VIEW IF EXISTS mart.later;`,
		"view mart.names":             `DROP VIEW mart.names;`,
		"table mart.marks":            `DROP TABLE mart.marks;`,
		"table analytics.my_notes":    `DROP TABLE analytics.my_notes;`,
	}
	seen := map[string]bool{}
	for {
		newest, err := postgres.NewestMigration(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		if newest.Version == 0 {
			break
		}
		_, err = postgres.MigrateDown(t.Context(), pool)
		if err == nil {
			continue
		}
		if !errors.Is(err, model.ErrSchema) {
			t.Fatal(err)
		}
		drop := ""
		for name, statement := range others {
			if strings.Contains(err.Error(), naming.Text(name)) {
				seen[name], drop = true, drop+statement
			}
		}
		if now, err := postgres.NewestMigration(t.Context(), pool); err != nil || now.Version != newest.Version {
			t.Fatalf("a step that was refused was made: %v", err)
		}
		if drop == "" {
			t.Fatalf("nothing that is known stands in the way: %v", err)
		}
		if _, err := pool.Exec(t.Context(), drop); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != len(others) {
		t.Errorf("named are only %v", seen)
	}
}

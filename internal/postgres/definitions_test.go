package postgres_test

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/migrations"
)

const (
	analyticsViews     = `SELECT relname::text FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'v' ORDER BY 1`
	analyticsFunctions = `SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'analytics'::regnamespace ORDER BY 1`
)

// What a view or function is can be read in its file: the files alone make what
// all migrations together made, comments included.
func TestFilesDefineWhatMigrationsMade(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	files, err := fs.Glob(migrations.FS, "analytics/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	views, functions := pgtest.Texts(t, pool, analyticsViews), pgtest.Texts(t, pool, analyticsFunctions)
	var inFiles, inSchema []string
	definitions := map[string]string{}
	for _, file := range files {
		text, err := fs.ReadFile(migrations.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(path.Base(file), ".sql")
		inFiles, definitions[name] = append(inFiles, name), string(text)
	}
	for _, name := range slices.Concat(views, functions) {
		name, _, _ = strings.Cut(strings.TrimPrefix(name, naming.Real("analytics.")), "(")
		inSchema = append(inSchema, name)
	}
	slices.Sort(inSchema)
	if d := diff(strings.Join(inSchema, "\n"), strings.Join(inFiles, "\n")); d != "" {
		t.Fatalf("one file for each view and function, and no other:\n%s", d)
	}
	before := strings.Join(pgtest.Texts(t, pool, fingerprint), "\n")
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string) {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, view := range views {
		exec("DROP VIEW IF EXISTS analytics." + view + " CASCADE")
	}
	for _, function := range functions { // triggers hold on to them
		exec("COMMENT ON FUNCTION " + function + " IS NULL")
	}
	defineAll(t, tx, definitions)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := strings.Join(pgtest.Texts(t, pool, fingerprint), "\n"); after != before {
		t.Errorf("made by migrations, then by the files:\n%s", diff(before, after))
	}
}

// defineAll runs the definitions, each after those that it uses.
func defineAll(t *testing.T, tx pgx.Tx, definitions map[string]string) {
	t.Helper()
	for len(definitions) > 0 {
		done := 0
		for name, text := range definitions {
			err := pgx.BeginFunc(t.Context(), tx, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), text)
				return err
			})
			if err == nil {
				delete(definitions, name)
				done++
			} else if done == 0 && len(definitions) == 1 {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if done == 0 {
			t.Fatalf("no order suits %v", definitions)
		}
	}
}

// A migration that applies a file of a definition keeps what it was before, or
// makes it new.
func TestEachChangedDefinitionIsKept(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(migrations.FS, "0*.sql")
	if err != nil {
		t.Fatal(err)
	}
	kept, err := fs.Glob(migrations.FS, "analytics/before/*/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	applied := map[string]bool{}
	for _, file := range files {
		text, err := fs.ReadFile(migrations.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "+rollcall") {
			t.Errorf("%s: a definition was not put in", file)
		}
		version, _, _ := strings.Cut(file, "_")
		for _, m := range defined.FindAllStringSubmatch(string(text), -1) {
			applied[version+"/"+m[1]] = true
		}
	}
	for _, file := range kept {
		key := path.Base(path.Dir(file)) + "/" + strings.TrimSuffix(path.Base(file), ".sql")
		if !applied[key] {
			t.Errorf("%s is kept, but that migration does not define it", file)
		}
	}
}

var defined = regexp.MustCompile(`(?m)^(?:CREATE OR REPLACE|DROP) (?:VIEW|FUNCTION) (?:IF EXISTS )?analytics\.(\w+)`)

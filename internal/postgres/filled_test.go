package postgres_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Each migration is applied to a database that the versions before it filled,
// and taken back again: what was gathered stays as it was, and so does the usage
// by day. testdata/filled/VERSION.sql has rows for each table that the
// migration makes; a migration that makes none needs no file.
func TestEachMigrationOnAFilledDatabase(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.NewEmpty(t))
	if _, err := pool.Exec(t.Context(), `CREATE SCHEMA sync`); err != nil {
		t.Fatal(err)
	}
	all, err := postgres.Migrations(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	at := make([]map[string]string, len(all))
	for i, m := range all {
		had := contents(t, pool, nil)
		columns := pgtest.Texts(t, pool, storedColumns)
		step(t, pool)
		same(t, "after the Up of "+m.Name, had, contents(t, pool, columns))
		fill, err := os.ReadFile(fmt.Sprintf("testdata/filled/%05d.sql", m.Version))
		if err == nil {
			_, err = pool.Exec(t.Context(), string(fill))
		}
		if err != nil && !os.IsNotExist(err) {
			t.Fatalf("fill what %s made: %v", m.Name, err)
		}
		at[i] = contents(t, pool, nil)
	}
	for _, table := range pgtest.Texts(t, pool, strings.Replace(tables, "'r', 'v', 'm'", "'r'", 1)) {
		var rows int
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&rows); err != nil {
			t.Errorf("%s: %v", table, err)
		} else if rows == 0 && !strings.HasSuffix(table, "sync.schema_migrations") {
			t.Errorf("%s has no row here: testdata/filled is to fill it", table)
		}
	}
	for i := len(all) - 1; i > 0; i-- {
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
		// What the newer version alone may hold goes with it: rows of its kinds.
		for table := range at[i-1] {
			if strings.HasPrefix(table, naming.Real("analytics.")) {
				delete(at[i-1], table)
			}
		}
		same(t, "after the Down of "+all[i].Name, at[i-1], contents(t, pool, nil))
	}
}

func same(t *testing.T, when string, want, got map[string]string) {
	t.Helper()
	for table, rows := range want {
		if got[table] != rows {
			t.Errorf("%s %s differs:\n%s", when, table, diff(rows, got[table]))
		}
	}
}

// storedColumns are those of what was gathered or noted, and of the views of usage
// by day: table, then column.
const storedColumns = `SELECT table_schema || '.' || table_name || ' ' || column_name FROM information_schema.columns
	WHERE (table_schema IN ('realtimekit', 'sync') OR (table_schema = 'analytics' AND table_name IN ('prices', 'daily_usage', 'preset_usage')))
	  AND table_name <> 'schema_migrations' AND column_name <> 'refreshed_at'
	ORDER BY 1, ordinal_position`

// contents gives the rows of each table in those columns, nil for all of today.
func contents(t *testing.T, pool *pgxpool.Pool, columns []string) map[string]string {
	t.Helper()
	if columns == nil {
		columns = pgtest.Texts(t, pool, storedColumns)
	}
	of := map[string][]string{}
	for _, c := range columns {
		table, column, _ := strings.Cut(c, " ")
		of[table] = append(of[table], column)
	}
	rows := map[string]string{}
	for table, columns := range of {
		slices.Sort(columns)
		rows[table] = strings.Join(pgtest.Texts(t, pool, fmt.Sprintf(`SELECT row(%s)::text FROM %s ORDER BY 1`, strings.Join(columns, ", "), table)), "\n")
	}
	return rows
}

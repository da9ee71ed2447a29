package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Under a prefix all migrations go up, down and up again beside somebody else's schema of
// the plain name, and nothing of theirs stands outside of their own schemas.
func TestPrefix(t *testing.T) {
	t.Setenv(naming.Variable, "")
	url := pgtest.NewEmpty(t)
	plain := open(t, url)
	run(t, plain, `CREATE SCHEMA analytics; CREATE TABLE analytics.daily_usage (n int); INSERT INTO analytics.daily_usage VALUES (1)`)
	t.Setenv(naming.Variable, "school_")
	pool := open(t, url)
	up, err := postgres.MigrateUp(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	// By a connection that changes no names.
	const elsewhere = `SELECT pg_describe_object(classid, objid, 0) FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass
		AND refobjid IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^(school_|pg_|information_schema$)')`
	if found := pgtest.Texts(t, plain, elsewhere); !slices.Equal(found, []string{"table analytics.daily_usage"}) {
		t.Errorf("outside of the schemas with the prefix stand %v", found)
	}
	want := []string{"school_analytics", "school_realtimekit", "school_rollcall_queue", "school_sync"}
	if have := pgtest.Texts(t, plain, `SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'school%' ORDER BY 1`); !slices.Equal(have, want) {
		t.Errorf("the schemas are %v", have)
	}
	dataStays(t, pool)
	if others, err := postgres.OtherWarehouses(t.Context(), pool); err != nil || others != "" {
		t.Errorf("a warehouse is another to itself: %q, %v", others, err)
	}
	if others, err := postgres.OtherWarehouses(t.Context(), plain); err != nil || !strings.Contains(others, "set ROLLCALL_SCHEMA_PREFIX=school_") {
		t.Errorf("without the prefix it is told: %q, %v", others, err)
	}
	for range up {
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	if left := pgtest.Texts(t, plain, `SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname LIKE 'school%' AND c.relkind = 'r'`); !slices.Equal(left, []string{"school_sync.schema_migrations"}) {
		t.Errorf("after all Downs there are %v", left)
	}
	if again, err := postgres.MigrateUp(t.Context(), pool); err != nil || len(again) != len(up) {
		t.Errorf("up again applied %d of %d: %v", len(again), len(up), err)
	}
	if theirs := pgtest.Number(t, plain, `SELECT count(*) FROM analytics.daily_usage`); theirs != 1 {
		t.Errorf("their table has %d rows", theirs)
	}
}

// dataStays stores texts that look like what is changed in statements, in each way in
// which values travel, and reads them back.
func dataStays(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	values := []string{
		"analytics", "sync.runs", "SELECT * FROM sync.runs", "'sync'", "rollcall:schema", "search_path=analytics, realtimekit",
		"$$sync.a$$", "schema realtimekit", strings.Repeat("sync.runs ", 20_000),
	}
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	pgtest.Exec(t, conn, `CREATE TEMPORARY TABLE kept (n int, value text)`)
	var batch pgx.Batch
	var rows [][]any
	for n, value := range values {
		pgtest.Exec(t, conn, `INSERT INTO kept VALUES ($1, $2)`, n, value)
		batch.Queue(`INSERT INTO kept VALUES ($1, $2)`, n, value)
		rows = append(rows, []any{n, value})
	}
	if err := conn.SendBatch(t.Context(), &batch).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.CopyFrom(t.Context(), pgx.Identifier{"kept"}, []string{"n", "value"}, pgx.CopyFromRows(rows)); err != nil {
		t.Fatal(err)
	}
	for n, value := range values {
		if same := pgtest.Number(t, conn, `SELECT count(*) FROM kept WHERE n = $1 AND value = $2`, n, value); same != 3 {
			t.Errorf("%.40q is there %d times of 3", value, same)
		}
	}
	if got := pgtest.Text(t, conn, `SELECT value FROM kept WHERE n = 1 LIMIT 1`); got != values[1] {
		t.Errorf("%q is read as %q", values[1], got)
	}
}

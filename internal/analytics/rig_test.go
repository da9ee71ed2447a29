package analytics_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// database is one connection to a database of the test's own. The function
// pg_temp.k shows a time as the world counts it, in ticks, and null as -.
type database struct {
	t    *testing.T
	conn *pgx.Conn
	base time.Time                 // tick 0 of its world
	zone map[string]*time.Location // of an app, by its id; UTC where there is none
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	return newDatabaseAt(t, base)
}

func newDatabaseAt(t *testing.T, base time.Time) *database {
	t.Helper()
	return connectAt(t, pgtest.New(t), base)
}

func connectAt(t *testing.T, url string, base time.Time) *database {
	t.Helper()
	conn, err := pgtest.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	// Left open on purpose: the database is dropped with its connections.
	db := &database{t, conn, base, map[string]*time.Location{}}
	db.exec(`SET timezone = 'America/New_York'; SET jit = off;
		CREATE FUNCTION pg_temp.k(timestamptz) RETURNS text LANGUAGE sql AS $$
			SELECT coalesce((extract(epoch FROM $1 - timestamptz '` + base.Format(time.RFC3339) + `') / 30)::float8::text, '-') $$`)
	return db
}

func (db *database) exec(sql string, args ...any) {
	db.t.Helper()
	pgtest.Exec(db.t, db.conn, sql, args...)
}

// lines gives the rows of a query of text columns, joined by a bar.
func (db *database) lines(sql string, args ...any) []string {
	db.t.Helper()
	return pgtest.Texts(db.t, db.conn, `SELECT t::text FROM (`+sql+`) AS t`, args...)
}

// number asks for one number.
func (db *database) number(sql string, args ...any) int {
	db.t.Helper()
	return pgtest.Number(db.t, db.conn, sql, args...)
}

// refresh computes the usage by day until nothing is left to do.
func (db *database) refresh(batch int) (sessions int) {
	db.t.Helper()
	for {
		n := db.number(`SELECT analytics.refresh($1)`, batch)
		if n == 0 {
			return sessions
		}
		sessions += n
	}
}

// want compares rows, in whatever order they come.
func (db *database) want(name string, got, want []string) {
	db.t.Helper()
	if diff := cmp.Diff(sorted(want), sorted(got), cmpopts.EquateEmpty()); diff != "" {
		if len(diff) > 3000 {
			diff = diff[:3000] + "…"
		}
		db.t.Errorf("%s differs (- as computed in Go, + in SQL):\n%s", name, diff)
	}
}

// newConnection gives another connection to the same database.
func newConnection(t *testing.T, db *database) *pgx.Conn {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), db.conn.Config())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

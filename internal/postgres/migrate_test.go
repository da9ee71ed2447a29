package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/migrations"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

func open(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Open(t, url, 4)
	return pool
}

const tables = `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('realtimekit', 'sync', 'analytics') AND c.relkind IN ('r', 'v', 'm') ORDER BY 1`

func TestUpDownUp(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.NewEmpty(t))
	if err := postgres.CheckSchema(t.Context(), pool); !errors.Is(err, model.ErrSchema) || !strings.Contains(err.Error(), "rollcall migrate up") {
		t.Errorf("an empty database gave %v", err)
	}
	up, err := postgres.MigrateUp(t.Context(), pool)
	if err != nil || len(up) < 2 {
		t.Fatalf("applied %v: %v", up, err)
	}
	first := pgtest.Texts(t, pool, tables)
	if err := postgres.CheckSchema(t.Context(), pool); err != nil {
		t.Errorf("a fresh schema is refused: %v", err)
	}
	if again, err := postgres.MigrateUp(t.Context(), pool); err != nil || len(again) != 0 {
		t.Errorf("a second time applied %v: %v", again, err)
	}
	for range up {
		if down, err := postgres.MigrateDown(t.Context(), pool); err != nil || len(down) != 1 {
			t.Fatalf("took back %v: %v", down, err)
		}
	}
	if left := pgtest.Texts(t, pool, tables); len(left) != 1 || left[0] != naming.Real("sync.schema_migrations") {
		t.Errorf("after all Downs there are still %v", left)
	}
	if down, err := postgres.MigrateDown(t.Context(), pool); err != nil || len(down) != 0 {
		t.Errorf("one Down more took back %v: %v", down, err)
	}
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatalf("up again: %v", err)
	}
	if second := pgtest.Texts(t, pool, tables); strings.Join(first, " ") != strings.Join(second, " ") {
		t.Errorf("tables differ: %v, then %v", first, second)
	}
}

// fingerprint is everything that makes the schema: columns, constraints, indexes,
// views, functions, triggers and comments.
const fingerprint = `
	WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname IN ('realtimekit', 'sync', 'analytics')),
	rel AS (SELECT c.oid, c.relkind FROM pg_class AS c WHERE relnamespace IN (SELECT oid FROM ours)
	        AND c.relkind IN ('r', 'v', 'm', 'i', 'S') AND c.relname NOT LIKE 'schema_migrations%')
	SELECT 'column ' || a.attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull
	       || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' ' || coalesce(col_description(a.attrelid, attnum), '')
	FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attrelid IN (SELECT oid FROM rel) AND attnum > 0 AND NOT attisdropped
	UNION ALL SELECT 'relation ' || oid::regclass || ' ' || coalesce(obj_description(oid, 'pg_class'), '') FROM rel
	UNION ALL SELECT 'index ' || pg_get_indexdef(oid) FROM rel WHERE relkind = 'i'
	UNION ALL SELECT 'view ' || oid::regclass || pg_get_viewdef(oid) FROM rel WHERE relkind IN ('v', 'm')
	UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
	FROM pg_constraint WHERE conrelid IN (SELECT oid FROM rel)
	UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ours) AND prokind IN ('f', 'p')
	UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM rel) AND NOT tgisinternal
	ORDER BY 1`

// Each step alone: its Down restores exactly what was there before its Up.
func TestEachDownRestoresWhatWasThere(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	all, err := postgres.Migrations(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	// The schema at each version, on the way down; then the same on the way up.
	at := map[int]string{}
	for i := len(all); i > 0; i-- {
		at[i] = strings.Join(pgtest.Texts(t, pool, fingerprint), "\n")
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	for i := range len(all) {
		if pending, err := postgres.PendingMigrations(t.Context(), pool); err != nil || len(pending) != len(all)-i {
			t.Fatalf("at version %d pending are %v: %v", i, pending, err)
		}
		step(t, pool)
		if got := strings.Join(pgtest.Texts(t, pool, fingerprint), "\n"); got != at[i+1] {
			t.Errorf("version %d made by Up differs from what the Down of %d leaves:\n%s", i+1, i+2, diff(at[i+1], got))
		}
	}
}

// step applies the oldest pending migration only, by goose itself.
func step(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS,
		goose.WithTableName("sync.schema_migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpByOne(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// diff gives the lines that only one of the two has.
func diff(a, b string) string {
	return cmp.Diff(strings.Split(a, "\n"), strings.Split(b, "\n"))
}

// To look is not to touch: neither on an empty database nor by a role that may
// only read.
func TestMigrationsChangesNothing(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.NewEmpty(t)+"&default_transaction_read_only=on")
	if pool.Config().ConnConfig.RuntimeParams["default_transaction_read_only"] != "on" {
		t.Fatal("the connections are to be read-only")
	}
	pending, err := postgres.PendingMigrations(t.Context(), pool)
	if err != nil || len(pending) < 4 || pending[0].Name != "00001_realtimekit.sql" {
		t.Errorf("pending are %v: %v", pending, err)
	}
	expect(t, pool, `SELECT nspname::text FROM pg_namespace WHERE nspname = 'sync'`)
}

func TestTwoMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	var group sync.WaitGroup
	applied := make([]int, 3)
	for i := range applied {
		pool := open(t, url)
		group.Go(func() {
			done, err := postgres.MigrateUp(t.Context(), pool)
			if err != nil {
				t.Errorf("migrate: %v", err)
			}
			applied[i] = len(done)
		})
	}
	group.Wait()
	if sum := applied[0] + applied[1] + applied[2]; sum < 2 || applied[0]*applied[1]*applied[2] != 0 {
		t.Errorf("applied %v: each migration is to be applied once", applied)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	if _, err := pool.Exec(t.Context(), `INSERT INTO sync.schema_migrations (version_id, is_applied) VALUES (99999, true)`); err != nil {
		t.Fatal(err)
	}
	if err := postgres.CheckSchema(t.Context(), pool); !errors.Is(err, model.ErrSchema) || !strings.Contains(err.Error(), "newer") {
		t.Errorf("run gives %v", err)
	}
	if _, err := postgres.MigrateUp(t.Context(), pool); !errors.Is(err, model.ErrSchema) {
		t.Errorf("migrate gives %v", err)
	}
}

// BI tools show comments as descriptions: there is none missing.
func TestEverythingIsCommented(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	missing := pgtest.Texts(t, pool, `
		SELECT c.oid::regclass || coalesce('.' || a.attname, '')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN LATERAL (SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
		                   UNION ALL SELECT 0, NULL) AS a ON true
		LEFT JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
		WHERE n.nspname IN ('realtimekit', 'sync', 'analytics') AND c.relkind IN ('r', 'v', 'm') AND c.relname <> 'schema_migrations'
		  AND coalesce(d.description, '') = ''`)
	if len(missing) > 0 {
		t.Errorf("without a comment: %v", missing)
	}
}

// A publication has the server refuse updates and deletes on a table that cannot say
// which row changed: goose's ledger is one of ours too.
func TestEveryTableHasAnIdentity(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	const tables = ` FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('realtimekit', 'sync', 'analytics') AND c.relkind IN ('r', 'p')`
	if all := pgtest.Texts(t, pool, `SELECT c.oid::regclass::text`+tables); len(all) < 20 {
		t.Fatalf("only the tables %v", all)
	}
	without := pgtest.Texts(t, pool, `SELECT c.oid::regclass::text`+tables+` AND c.relreplident <> 'f' AND NOT EXISTS (
		SELECT FROM pg_index i WHERE i.indrelid = c.oid AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident END)`)
	if len(without) > 0 {
		t.Errorf("neither a primary key nor a replica identity: %v", without)
	}
}

// BI tools follow foreign keys; PostGraphile offers only those with an index.
func TestEveryForeignKeyIsIndexed(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	keys := pgtest.Texts(t, pool, `SELECT conname FROM pg_constraint WHERE contype = 'f' AND connamespace::regnamespace::text IN ('realtimekit', 'sync', 'analytics')`)
	if len(keys) < 5 {
		t.Errorf("only %v: participants, events, sessions and meetings are to have foreign keys", keys)
	}
	bare := pgtest.Texts(t, pool, `SELECT conname FROM pg_constraint c
		WHERE contype = 'f' AND connamespace::regnamespace::text IN ('realtimekit', 'sync', 'analytics') AND NOT EXISTS (
			SELECT FROM pg_index i WHERE i.indrelid = c.conrelid
			AND (SELECT array_agg(k ORDER BY k) FROM unnest((i.indkey::int2[])[0:cardinality(c.conkey) - 1]) AS k)
			  = (SELECT array_agg(k ORDER BY k) FROM unnest(c.conkey) AS k))`)
	if len(bare) > 0 {
		t.Errorf("foreign keys without an index: %v", bare)
	}
}

// What an older program left as failed and settled, so that no run came back to it,
// is due again.
func TestFailedSessionsAreDueAgain(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	for version := int64(8); ; {
		newest, err := postgres.NewestMigration(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		if newest.Version < version {
			break
		}
		if _, err := postgres.MigrateDown(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	const id = `00000000-0000-4000-8000-00000000000`
	if _, err := pool.Exec(t.Context(), `
		INSERT INTO sync.runs (account_id, kind, status, started_at, program_version) VALUES ('acc', 'run', 'succeeded', now(), 't');
		INSERT INTO sync.session_states (session_id, app_id, run_id, settled_at, failed_at, gone_at)
		SELECT v.id::uuid, 'a', run_id, now(), failed_at, gone_at FROM sync.runs,
			(VALUES ('`+id+`1', now(), NULL), ('`+id+`2', NULL, NULL), ('`+id+`3', now(), now())) AS v (id, failed_at, gone_at)`); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	expect(t, pool, `SELECT session_id::text FROM sync.session_states WHERE settled_at IS NULL`, id+"1")
}

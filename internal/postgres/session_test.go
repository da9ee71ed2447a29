package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// database gives the quoted name of the database of a URL.
func database(t *testing.T, url string) string {
	t.Helper()
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return pgx.Identifier{cfg.Database}.Sanitize()
}

// Whatever an administrator set for the database, the statements find what they
// rely on.
func TestSettingsOfTheDatabaseDoNotReachTheSession(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	name := database(t, url)
	left := map[string]string{
		"client_encoding": "LATIN1", "DateStyle": "German", "IntervalStyle": "iso_8601", "TimeZone": "Asia/Tokyo", "bytea_output": "escape",
		"standard_conforming_strings": "off", "extra_float_digits": "-5", "search_path": "public", "statement_timeout": "59s", "lock_timeout": "59s",
		"idle_session_timeout": "59s", "idle_in_transaction_session_timeout": "59s", "default_transaction_isolation": "serializable",
		"default_transaction_deferrable": "on", "array_nulls": "off", "quote_all_identifiers": "on", "row_security": "off",
		"tcp_keepalives_idle": "59", "tcp_keepalives_interval": "59", "tcp_keepalives_count": "59",
	}
	admin := impatient(t, url)
	before := map[string]string{}
	pool := open(t, url)
	for setting := range left {
		before[setting] = pgtest.Texts(t, pool, `SELECT current_setting('`+setting+`')`)[0]
	}
	pool.Close()
	for setting, value := range left {
		if _, err := admin.Exec(t.Context(), `ALTER DATABASE `+name+` SET `+setting+` = '`+value+`'`); err != nil {
			t.Fatal(err)
		}
	}
	pool = open(t, url)
	for setting, want := range before {
		if got := pgtest.Texts(t, pool, `SELECT current_setting('`+setting+`')`)[0]; got != want {
			t.Errorf("%s is %q, and %q where nothing was set", setting, got, want)
		}
	}
	if err := postgres.CheckSchema(t.Context(), pool); err != nil {
		t.Errorf("with all of that the schema is refused: %v", err)
	}
}

// What is compressed is so by the quicker method where the server has it, unless somebody
// chose another for the database.
func TestCompressionIsTheQuickerOneUnlessItIsChosen(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	method := func() string {
		pool := open(t, url)
		defer pool.Close()
		return pgtest.Texts(t, pool, `SELECT current_setting('default_toast_compression')`)[0]
	}
	want := pgtest.Texts(t, impatient(t, url), `SELECT CASE WHEN 'lz4' = ANY (enumvals) THEN 'lz4' ELSE 'pglz' END FROM pg_settings WHERE name = 'default_toast_compression'`)[0]
	if got := method(); got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
	if _, err := impatient(t, url).Exec(t.Context(), `ALTER DATABASE `+database(t, url)+` SET default_toast_compression = pglz`); err != nil {
		t.Fatal(err)
	}
	if got := method(); got != "pglz" {
		t.Errorf("it is %s, and pglz was chosen", got)
	}
}

// The first connection that holds the schema is lost, and nobody notices: each that
// works holds it as well.
func TestMigrationWaitsThoughAConnectionWasLost(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	release, err := postgres.HoldSchema(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	work, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	terminateHolders(t, url, work)
	if _, err := postgres.MigrateDown(t.Context(), impatient(t, url)); !errors.Is(err, model.ErrLocked) {
		t.Errorf("a step back while a connection works gave %v", err)
	}
	work.Release()
	release()
	if held, err := postgres.SchemaHeld(t.Context(), pool); err != nil || held {
		t.Errorf("after release the schema is held: %t, %v", held, err)
	}
	if _, err := postgres.MigrateDown(t.Context(), impatient(t, url)); err != nil {
		t.Errorf("a step back after the run gave %v", err)
	}
}

// The same where the migration waits already when the work begins: it goes on to wait
// for that after the first connection is lost.
func TestMigrationWaitsForWorkThatBeganWhileItWaited(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	release, err := postgres.HoldSchema(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	changer := open(t, url)
	go func() {
		_, err := postgres.MigrateDown(t.Context(), changer)
		done <- err
	}()
	awaitWaiter(t, pool)
	work, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatalf("a run cannot go on while a migration waits: %v", err)
	}
	admin := impatient(t, url)
	const first = ` FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted AND pid <> $1
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	pid := work.Conn().PgConn().PID()
	if _, err := admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid)`+first, pid); err != nil {
		t.Fatal(err)
	}
	for left := 1; left > 0; {
		if err := admin.QueryRow(t.Context(), `SELECT count(*)`+first, pid).Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
	for waiting := 0; waiting == 0; {
		select {
		case err := <-done:
			work.Release()
			release()
			t.Fatalf("the migration went ahead under the work: %v", err)
		default:
		}
		if err := admin.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	work.Release()
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// All connections are lost, a migration goes ahead, and what is left of the run
// begins no work on the other schema.
func TestNoWorkOnASchemaThatWasChanged(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	release, err := postgres.HoldSchema(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	terminateHolders(t, url, nil)
	if _, err := postgres.MigrateDown(t.Context(), impatient(t, url)); err != nil {
		t.Fatal(err)
	}
	for { // the pool finds its broken connections one by one
		conn, err := pool.Acquire(t.Context())
		if errors.Is(err, model.ErrSchema) {
			return
		}
		if err != nil {
			continue
		}
		_, err = conn.Exec(t.Context(), `SELECT 1`)
		conn.Release()
		if err == nil {
			t.Fatal("a connection works on a schema that was changed")
		}
	}
}

// terminateHolders ends the connections that hold an advisory lock of the database,
// but for one.
func terminateHolders(t *testing.T, url string, but *pgxpool.Conn) {
	t.Helper()
	var pid uint32
	if but != nil {
		pid = but.Conn().PgConn().PID()
	}
	admin := impatient(t, url)
	if _, err := admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> $1
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, pid); err != nil {
		t.Fatal(err)
	}
	for left := 1; left > 0; {
		if err := admin.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> $1
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, pid).Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEncodingIsUTF8(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	admin := impatient(t, url)
	for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
		cfg, err := pgtest.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		name := cfg.Database + "_" + strings.ToLower(encoding)
		if _, err := admin.Exec(t.Context(), `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING '`+encoding+`' LC_COLLATE 'C' LC_CTYPE 'C'`); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := admin.Exec(context.WithoutCancel(t.Context()), `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
				t.Error(err)
			}
		})
		pool := open(t, strings.Replace(url, "/"+cfg.Database, "/"+name, 1))
		if _, err := postgres.MigrateUp(t.Context(), pool); !errors.Is(err, model.ErrSchema) || !strings.Contains(err.Error(), "ENCODING 'UTF8'") {
			t.Errorf("%s gave %v", encoding, err)
		}
		expect(t, pool, `SELECT nspname::text FROM pg_namespace WHERE nspname = 'sync'`)
	}
}

// Rows that a policy hides are not taken for absent; one that hides none is no
// obstacle.
func TestHiddenRowsStopACommand(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	role := pgx.Identifier{cfg.Database + "_sees"}.Sanitize()
	admin := impatient(t, url)
	do := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE ROLE ` + role + ` LOGIN PASSWORD 'keeps'; GRANT USAGE ON SCHEMA sync, realtimekit, analytics TO ` + role + `;
		GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA sync, realtimekit, analytics TO ` + role)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if _, err := admin.Exec(ctx, `DROP OWNED BY `+role+`; DROP ROLE `+role); err != nil {
			t.Error(err)
		}
	})
	url = strings.Replace(url, cfg.User+":"+cfg.Password, cfg.Database+"_sees:keeps", 1)
	check := func() error {
		t.Helper()
		pool, err := postgres.Open(t.Context(), secret.New(url), 2)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		return postgres.CheckSchema(t.Context(), pool)
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ sql, hidden string }{
		{`ALTER TABLE sync.suppressions ENABLE ROW LEVEL SECURITY`, "sync.suppressions"},
		{`CREATE POLICY part ON sync.suppressions USING (app_id = 'a')`, "sync.suppressions"},
		{`CREATE POLICY every ON sync.suppressions TO ` + role + ` USING (true)`, ""},
		{`CREATE POLICY less ON sync.suppressions AS RESTRICTIVE USING (app_id = 'a')`, "sync.suppressions"},
		{`DROP POLICY less ON sync.suppressions; ALTER TABLE sync.schema_migrations ENABLE ROW LEVEL SECURITY`, "sync.schema_migrations"},
	} {
		do(step.sql)
		err := check()
		if step.hidden == "" && err != nil || step.hidden != "" && (!errors.Is(err, model.ErrStore) || !strings.Contains(err.Error(), "hides rows of "+naming.Text(step.hidden)+" ")) {
			t.Errorf("after %s: %v", step.sql, err)
		}
	}
}

// What Citus only warns of would be an answer without rows.
func TestLostResultIsAnError(t *testing.T) {
	t.Parallel()
	pool := pgtest.Open(t, pgtest.NewEmpty(t), 1)
	say := func(message string) error {
		return pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `DO $$ BEGIN RAISE WARNING '`+message+`'; END $$`)
			return err
		})
	}
	if err := say("something else"); err != nil {
		t.Errorf("any warning: %v", err)
	}
	if say(`Query could not find the intermediate result file "8_1", it was mostly likely deleted`) == nil {
		t.Error("an answer with a part missing was taken")
	}
}

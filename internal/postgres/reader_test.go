package postgres_test

import (
	"context"
	"errors"
	neturl "net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// asReader connects to the database of url as the role, with a password.
func asReader(t *testing.T, url, password string) (*pgx.Conn, error) {
	t.Helper()
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.User, cfg.Password = postgres.Reader, password
	return pgx.ConnectConfig(t.Context(), cfg) // the database is dropped with its connections
}

// asRole connects as a role that must be able to log in.
func asRole(t *testing.T, url, role, password string) *pgx.Conn {
	t.Helper()
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.User, cfg.Password = role, password
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func code(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

// One test, since the role belongs to the whole server.
func TestReader(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	if state, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{}); err != nil || state.Login {
		t.Fatalf("a new role without a password can log in: %v, %v", state, err)
	}
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Password: secret.New("pass wörd")}); !errors.Is(err, model.ErrUsage) {
		t.Errorf("a password that would have to be normalised gave %v", err)
	}
	for _, password := range []string{"first p@ss'word", "second"} {
		if state, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Password: secret.New(password)}); err != nil || !state.Login {
			t.Fatalf("%+v: %v", state, err)
		}
		if _, err := asReader(t, url, password); err != nil {
			t.Fatalf("cannot log in: %v", err)
		}
	}
	if state, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{}); err != nil || !state.Login {
		t.Errorf("without a password the role does not stay as it is: %+v, %v", state, err)
	}
	if _, err := asReader(t, url, "first p@ss'word"); code(err) != "28P01" {
		t.Errorf("the old password gave %v", err)
	}
	if _, err := pool.Exec(t.Context(), `CREATE TABLE realtimekit.theirs (n int); CREATE VIEW analytics.theirs AS SELECT n FROM realtimekit.theirs`); err != nil {
		t.Fatal(err)
	}
	reader, err := asReader(t, url, "second")
	if err != nil {
		t.Fatal(err)
	}
	canOnlyRead(t, reader)
	// Whoever asks a view calls its functions. Where these are not everybody's, the role
	// is given them.
	run(t, pool, `REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA analytics FROM PUBLIC`)
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{}); err != nil {
		t.Fatal(err)
	}
	canOnlyRead(t, reader)
	mustNotGainMore(t, pool)
	mustNotNeedToMakeRoles(t, postgres.EnsureReader)
	if _, err := pool.Exec(t.Context(), `ALTER ROLE rollcall_reader CREATEDB`); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{}); err == nil || !strings.Contains(err.Error(), "may do more than read") {
		t.Errorf("a role that may make databases is accepted: %v", err)
	}
}

// mustNotNeedToMakeRoles renews a role, which the server has, with the rights of an
// owner of the tables who may make none any more.
func mustNotNeedToMakeRoles(t *testing.T, ensure func(context.Context, *pgxpool.Pool, postgres.Role) (postgres.RoleState, error)) {
	t.Helper()
	url := pgtest.New(t)
	if _, err := ensure(t.Context(), open(t, url), postgres.Role{}); err != nil {
		t.Fatal(err)
	}
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	owner := pgx.Identifier{cfg.Database + "_owner"}.Sanitize()
	if _, err := open(t, url).Exec(t.Context(), `DROP SCHEMA realtimekit, sync, analytics, rollcall_queue CASCADE; CREATE ROLE `+owner+` LOGIN PASSWORD 'keeps';
		ALTER DATABASE `+pgx.Identifier{cfg.Database}.Sanitize()+` OWNER TO `+owner); err != nil {
		t.Fatal(err)
	}
	as, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	as.User = neturl.UserPassword(cfg.Database+"_owner", "keeps")
	pool := open(t, as.String())
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	state, err := ensure(t.Context(), pool, postgres.Role{})
	if err != nil || state.Unset != "" {
		t.Errorf("the owner of the tables cannot renew the role: %v, %q", err, state.Unset)
	}
}

// mustNotGainMore grants by the back door what the role must not have.
func mustNotGainMore(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for grant, what := range map[string]string{
		`GRANT SELECT ON sync.rejected_records TO PUBLIC`: "SELECT on sync.rejected_records.raw_text",
		`GRANT UPDATE ON realtimekit.sessions TO PUBLIC`:  "UPDATE on realtimekit.sessions",
		`GRANT pg_write_all_data TO rollcall_reader`:      "DELETE on ",
	} {
		run(t, pool, grant)
		if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{}); err == nil || !strings.Contains(err.Error(), naming.Text(what)) {
			t.Errorf("%s: got %v, want %q", grant, err, what)
		}
		run(t, pool, strings.NewReplacer("GRANT", "REVOKE", " TO ", " FROM ").Replace(grant))
	}
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{}); err != nil {
		t.Error(err)
	}
}

func canOnlyRead(t *testing.T, reader *pgx.Conn) {
	t.Helper()
	all, err := reader.Query(t.Context(), `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname IN ('realtimekit', 'analytics', 'sync') AND c.relkind IN ('r', 'v', 'm') AND c.relname NOT IN ('rejected_records', 'theirs')`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(all, pgx.RowTo[string])
	if err != nil || len(names) < 25 {
		t.Fatalf("only %v: %v", names, err)
	}
	for _, name := range names {
		if _, err := reader.Exec(t.Context(), `SELECT * FROM `+name); err != nil {
			t.Errorf("cannot read %s: %v", name, err)
		}
	}
	if _, err := reader.Exec(t.Context(), `SELECT entity, reason, record_key, times_seen FROM sync.rejected_records`); err != nil {
		t.Errorf("cannot read reasons: %v", err)
	}
	if _, err := reader.Exec(t.Context(), `SET default_transaction_read_only = off`); err != nil {
		t.Fatal(err)
	}
	for _, forbidden := range []string{
		`SELECT * FROM realtimekit.theirs`,
		`SELECT * FROM analytics.theirs`,
		`SELECT raw_text FROM sync.rejected_records`,
		`SELECT * FROM sync.rejected_records`,
		`SELECT length(raw_text) FROM sync.rejected_records`,
		`INSERT INTO analytics.prices (valid_from, price_per_minute, currency) VALUES (now(), 1, 'EUR')`,
		`UPDATE realtimekit.sessions SET status = 'x'`,
		`DELETE FROM sync.runs`,
		`TRUNCATE realtimekit.peer_events`,
		`CREATE TABLE realtimekit.mine (n int)`,
		`CREATE TABLE analytics.mine (n int)`,
		`CREATE TABLE public.mine (n int)`,
		`CREATE SCHEMA mine`,
		`SELECT analytics.refresh()`,
		`DROP VIEW analytics.people`,
	} {
		if _, err := reader.Exec(t.Context(), forbidden); code(err) != "42501" {
			t.Errorf("%s: got %v, want permission denied", forbidden, err)
		}
	}
	var zone, path string
	if err := reader.QueryRow(t.Context(), `SELECT current_setting('timezone'), current_setting('search_path')`).Scan(&zone, &path); err != nil || zone != "UTC" || path != naming.Real("analytics")+", "+naming.Real("realtimekit") {
		t.Errorf("zone %q, path %q: %v", zone, path, err)
	}
}

package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// One test, since the role belongs to the whole server. That the jobs need no
// more than it has is in internal/cli/testdata/loader.txtar.
func TestLoader(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	ensure := func(password string) (bool, error) {
		state, err := postgres.EnsureLoader(t.Context(), pool, postgres.Role{Password: secret.New(password)})
		return state.Login, err
	}
	if login, err := ensure(""); err != nil || login {
		t.Fatalf("a new role without a password can log in: %v, %v", login, err)
	}
	if login, err := ensure("p@ss'word"); err != nil || !login {
		t.Fatalf("login %v: %v", login, err)
	}
	own := func(statement string) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	own(`CREATE SCHEMA payroll; CREATE TABLE payroll.salaries (n int); CREATE TABLE public.theirs (n int);
		CREATE TABLE realtimekit.theirs (n int); CREATE VIEW analytics.theirs AS SELECT n FROM realtimekit.theirs`)
	loader := asRole(t, url, postgres.Loader, "p@ss'word")
	canOnlyLoad(t, loader)

	// Run again while a session of the role has temporary tables, it comes to the same.
	if _, err := loader.Exec(t.Context(), `CREATE TEMP TABLE staged (n int PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	if _, err := ensure(""); err != nil {
		t.Errorf("a second time: %v", err)
	}
	canOnlyLoad(t, loader)

	if excess, err := postgres.LoaderExcess(t.Context(), pool, postgres.Loader); err != nil || len(excess) > 0 {
		t.Errorf("excess %q: %v", excess, err)
	}
	own(`GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT CREATE ON SCHEMA payroll TO PUBLIC`)
	if excess, err := postgres.LoaderExcess(t.Context(), pool, postgres.Loader); err != nil || len(excess) != 2 {
		t.Errorf("excess %q: %v", excess, err)
	}
	own(`REVOKE CREATE ON SCHEMA public FROM PUBLIC; REVOKE CREATE ON SCHEMA payroll FROM PUBLIC;
		GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON realtimekit.peer_events, analytics.people, rollcall_queue.river_job TO PUBLIC; GRANT SELECT ON sync.runs TO PUBLIC; GRANT ALL ON realtimekit.theirs TO PUBLIC`)
	excess, err := postgres.LoaderExcess(t.Context(), pool, postgres.Loader)
	slices.Sort(excess)
	if want := []string{
		naming.Text(`REVOKE DELETE, INSERT, REFERENCES, TRIGGER, TRUNCATE, UPDATE ON analytics.people FROM PUBLIC`),
		naming.Text(`REVOKE DELETE, REFERENCES, TRIGGER, TRUNCATE ON realtimekit.peer_events FROM PUBLIC`),
		naming.Text(`REVOKE REFERENCES, TRIGGER, TRUNCATE ON rollcall_queue.river_job FROM PUBLIC`),
	}; err != nil || !slices.Equal(excess, want) {
		t.Errorf("of the tables: excess %q, want %q: %v", excess, want, err)
	}
	for _, statement := range append(excess, `REVOKE ALL ON realtimekit.theirs FROM PUBLIC`) {
		own(statement)
	}
	canOnlyLoad(t, loader)
	for _, step := range []struct{ more, less string }{
		{`ALTER ROLE rollcall_loader CREATEROLE`, `ALTER ROLE rollcall_loader NOCREATEROLE`},
		{`ALTER ROLE rollcall_loader BYPASSRLS`, `ALTER ROLE rollcall_loader NOBYPASSRLS`},
		{`GRANT pg_read_all_data TO rollcall_loader`, `REVOKE pg_read_all_data FROM rollcall_loader`},
		{`ALTER TABLE payroll.salaries OWNER TO rollcall_loader`, `ALTER TABLE payroll.salaries OWNER TO CURRENT_USER`},
	} {
		own(step.more)
		if _, err := ensure(""); err == nil || !strings.Contains(err.Error(), "may do more than load") {
			t.Errorf("after %s it is accepted: %v", step.more, err)
		}
		own(step.less)
	}
	if _, err := ensure(""); err != nil {
		t.Errorf("the role as it should be is refused: %v", err)
	}
	mustNotNeedToMakeRoles(t, postgres.EnsureLoader)
}

// canOnlyLoad tries what the loader must be able to do beside the jobs
// themselves, and what it must not.
func canOnlyLoad(t *testing.T, loader *pgx.Conn) {
	t.Helper()
	for _, allowed := range []string{
		`SELECT max(version_id) FROM sync.schema_migrations`, `SELECT * FROM analytics.people`,
		`SELECT * FROM analytics.prices`, `SELECT analytics.refresh()`,
		`SELECT setval('sync.runs_run_id_seq', 1)`, `SELECT last_value FROM analytics.prices_price_id_seq`,
		`CREATE TEMP TABLE mine (n int)`, `DROP TABLE pg_temp.mine`,
	} {
		if _, err := loader.Exec(t.Context(), allowed); err != nil {
			t.Errorf("%s: %v", allowed, err)
		}
	}
	for _, forbidden := range []string{
		`CREATE TABLE public.mine (n int)`, `CREATE TABLE realtimekit.mine (n int)`, `CREATE TABLE sync.mine (n int)`,
		`CREATE VIEW analytics.mine AS SELECT 1`, `CREATE FUNCTION sync.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
		`CREATE SCHEMA mine`, `CREATE ROLE mine`, `CREATE DATABASE mine`, `CREATE EXTENSION pg_stat_statements`,
		`SELECT * FROM payroll.salaries`, `SELECT * FROM public.theirs`, `INSERT INTO public.theirs VALUES (1)`,
		`ALTER TABLE realtimekit.sessions ADD COLUMN mine int`, `ALTER TABLE sync.runs DISABLE TRIGGER ALL`,
		`DROP TABLE realtimekit.peer_events`, `DROP VIEW analytics.people`, `DROP SCHEMA sync CASCADE`,
		`TRUNCATE realtimekit.peer_events`, `DELETE FROM realtimekit.peer_events`, `DELETE FROM realtimekit.sessions`,
		`DELETE FROM sync.runs`, `DELETE FROM sync.rejected_records`, `SELECT * FROM analytics.theirs`, `INSERT INTO realtimekit.theirs VALUES (1)`,
		`UPDATE sync.schema_migrations SET is_applied = false`, `INSERT INTO sync.schema_migrations (version_id, is_applied) VALUES (99999, true)`,
		`INSERT INTO analytics.prices (valid_from, price_per_minute, currency) VALUES (now(), 1, 'EUR')`,
		`SELECT setval('analytics.prices_price_id_seq', 1)`,
		`CREATE TRIGGER mine AFTER INSERT ON realtimekit.sessions FOR EACH STATEMENT EXECUTE FUNCTION analytics.queue_deleted_rows()`,
		`GRANT SELECT ON realtimekit.sessions TO PUBLIC WITH GRANT OPTION`,
		`COPY realtimekit.sessions TO '/tmp/mine'`, `COPY realtimekit.sessions TO PROGRAM 'cat'`, `SELECT pg_read_file('/etc/passwd')`,
		`SELECT rolpassword FROM pg_authid`, `SET ROLE postgres`, `SET session_replication_role = replica`, `ALTER ROLE CURRENT_USER SUPERUSER`,
	} {
		_, err := loader.Exec(t.Context(), forbidden)
		if got := code(err); got != "42501" && got != "0LP01" && got != "22023" { // 0LP01: no grant option; 22023: no such role to set
			t.Errorf("%s: got %v, want permission denied", forbidden, err)
		}
	}
	var super, inherits bool
	var path string
	if err := loader.QueryRow(t.Context(), `SELECT rolsuper, rolinherit, current_setting('search_path') FROM pg_roles WHERE rolname = current_user`).Scan(&super, &inherits, &path); err != nil || super || inherits || path != "pg_catalog" {
		t.Errorf("superuser %v, inherits %v, search_path %q: %v", super, inherits, path, err)
	}
}

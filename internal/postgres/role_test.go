package postgres_test

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// ownRole gives the name of a role that only this test uses: roles belong to the
// whole server, which ends with the tests.
func ownRole(t *testing.T, url, name string) string {
	t.Helper()
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return name + " of " + cfg.Database
}

// as gives connections of another user, whose password is keeps.
func as(t *testing.T, url, user string) *pgxpool.Pool {
	t.Helper()
	u, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	u.User = neturl.UserPassword(user, "keeps")
	return open(t, u.String())
}

// ownedByAnother gives everything of the database to a new, ordinary user.
func ownedByAnother(t *testing.T, url string) (user string) {
	t.Helper()
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	user = cfg.Database + "_owner"
	quoted := pgx.Identifier{user}.Sanitize()
	run(t, open(t, url), `DROP SCHEMA realtimekit, sync, analytics, rollcall_queue CASCADE`)
	run(t, open(t, url), `CREATE ROLE `+quoted+` LOGIN PASSWORD 'keeps'`)
	run(t, open(t, url), `ALTER DATABASE `+pgx.Identifier{cfg.Database}.Sanitize()+` OWNER TO `+quoted)
	if _, err := postgres.MigrateUp(t.Context(), as(t, url, user)); err != nil {
		t.Fatal(err)
	}
	return user
}

// Names of roles are data: quotes, capitals and spaces in them are no syntax.
func TestRolesOfAnyName(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	reader, loader := ownRole(t, url, `B"I 'x'; --`), ownRole(t, url, `Jobs $q$`)
	for range 2 {
		state, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: reader, Password: secret.New("reads")})
		if err != nil || !state.Login {
			t.Fatalf("%+v: %v", state, err)
		}
		if state, err = postgres.EnsureLoader(t.Context(), pool, postgres.Role{Name: loader, Password: secret.New("loads")}); err != nil || !state.Login {
			t.Fatalf("%+v: %v", state, err)
		}
	}
	run(t, pool, `CREATE TABLE realtimekit.theirs (n int); CREATE VIEW analytics.theirs AS SELECT n FROM realtimekit.theirs; CREATE SCHEMA payroll;
		CREATE TABLE payroll.salaries (n int); CREATE TABLE public.theirs (n int)`)
	canOnlyRead(t, asRole(t, url, reader, "reads"))
	canOnlyLoad(t, asRole(t, url, loader, "loads"))
	statements, err := postgres.LoaderSQL(loader)
	if err != nil {
		t.Fatal(err)
	}
	run(t, pool, statements)
	for _, name := range []string{"", " ", "public", "none", "pg_mine", strings.Repeat("x", 64), "a\nb", "a\x00b"} {
		if _, err := postgres.LoaderSQL(name); !errors.Is(err, model.ErrUsage) {
			t.Errorf("the name %q is accepted: %v", name, err)
		}
	}
}

// A role that does the one thing is not made to do the other, and no owner loses
// what is his.
func TestRolesAreNotMixedUp(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	reader, loader := ownRole(t, url, "reads"), ownRole(t, url, "loads")
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: reader}); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.EnsureLoader(t.Context(), pool, postgres.Role{Name: loader}); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: loader}); err == nil || !strings.Contains(err.Error(), "loads the warehouse") {
		t.Errorf("the role that loads becomes one that reads: %v", err)
	}
	if _, err := postgres.EnsureLoader(t.Context(), pool, postgres.Role{Name: reader}); err == nil || !strings.Contains(err.Error(), "only reads the warehouse") {
		t.Errorf("the role that reads becomes one that loads: %v", err)
	}
	owner := ownedByAnother(t, url)
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: owner}); err == nil || !strings.Contains(err.Error(), "owns the tables") {
		t.Errorf("the owner becomes the role that reads: %v", err)
	}
	if _, err := postgres.EnsureLoader(t.Context(), pool, postgres.Role{Name: owner}); err == nil || !strings.Contains(err.Error(), "owns something") {
		t.Errorf("the owner becomes the role that loads: %v", err)
	}
}

// A role belongs to the whole server; where else it is used can be seen.
func TestRoleElsewhere(t *testing.T) {
	t.Parallel()
	first, second := pgtest.New(t), pgtest.New(t)
	name := ownRole(t, first, "shared")
	elsewhere := func(url string, want ...string) {
		t.Helper()
		got, err := postgres.RoleElsewhere(t.Context(), open(t, url), name)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("it is used in %q, want %q: %v", got, want, err)
		}
	}
	elsewhere(second)
	if _, err := postgres.EnsureReader(t.Context(), open(t, first), postgres.Role{Name: name}); err != nil {
		t.Fatal(err)
	}
	cfg, err := pgtest.ParseConfig(first)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere(first)
	elsewhere(second, cfg.Database)
	quoted := pgx.Identifier{name}.Sanitize()
	run(t, open(t, first), `DROP OWNED BY `+quoted)
	elsewhere(second, cfg.Database) // its settings there
	run(t, open(t, first), `ALTER ROLE `+quoted+` IN DATABASE `+cfg.Database+` RESET ALL`)
	elsewhere(second)
}

// Whoever may not make a role is told what is lacking; where the role is there, as
// after a restore, its rights are made and its settings named.
func TestRolesByAnOrdinaryOwner(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	owner := ownedByAnother(t, url)
	admin, pool := open(t, url), as(t, url, owner)
	name := ownRole(t, url, "reads")
	quoted := pgx.Identifier{name}.Sanitize()
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: name}); err == nil || !strings.Contains(err.Error(), "ask a superuser for CREATE ROLE "+quoted) {
		t.Errorf("a role that is not there: %v", err)
	}
	run(t, admin, `CREATE ROLE `+quoted)
	state, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: name})
	if err != nil || strings.Count(state.Unset, "ALTER ROLE "+quoted+" IN DATABASE") != 5 {
		t.Fatalf("a role that is there: %+v, %v", state, err)
	}
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: name, Password: secret.New("mine")}); err == nil ||
		!strings.Contains(err.Error(), "has its rights, but its password was not changed") || !strings.Contains(err.Error(), "CREATEROLE") {
		t.Errorf("a password without CREATEROLE: %v", err)
	}
	run(t, admin, state.Unset) // as the sentence says
	if state, err = postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: name}); err != nil || state.Unset != "" {
		t.Errorf("after its settings were made: %+v, %v", state, err)
	}
	if state, err = postgres.EnsureReader(t.Context(), admin, postgres.Role{Name: name, Password: secret.New("reads")}); err != nil || !state.Login {
		t.Fatalf("by a superuser: %+v, %v", state, err)
	}
	run(t, pool, `CREATE TABLE realtimekit.theirs (n int); CREATE VIEW analytics.theirs AS SELECT n FROM realtimekit.theirs`) // the owner's, whoever made the role
	canOnlyRead(t, asRole(t, url, name, "reads"))
}

// What somebody else made in our schemas, the queue's too, is none of the roles' business.
func TestRolesBesideStrangersObjects(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	owner := ownedByAnother(t, url)
	admin, pool := open(t, url), as(t, url, owner)
	stranger, name := ownRole(t, url, "stranger"), ownRole(t, url, "works")
	quoted := pgx.Identifier{stranger}.Sanitize()
	run(t, admin, `CREATE ROLE `+quoted+`; CREATE ROLE `+pgx.Identifier{name}.Sanitize())
	for _, schema := range []string{"realtimekit", "sync", "analytics", "rollcall_queue"} {
		run(t, admin, fmt.Sprintf(`
			CREATE TABLE %[1]s.theirs (id serial PRIMARY KEY); ALTER TABLE %[1]s.theirs OWNER TO %[2]s;
			CREATE FUNCTION %[1]s.their_number() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION %[1]s.their_number OWNER TO %[2]s;
			REVOKE ALL ON FUNCTION %[1]s.their_number FROM PUBLIC`, schema, quoted))
	}
	for _, ensure := range []func(context.Context, *pgxpool.Pool, postgres.Role) (postgres.RoleState, error){postgres.EnsureLoader, postgres.EnsureReader} {
		if _, err := ensure(t.Context(), pool, postgres.Role{Name: name}); err != nil {
			t.Error(err)
		}
		if got := pgtest.Texts(t, admin, `
			SELECT c.oid::regclass::text FROM pg_class AS c, aclexplode(c.relacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
			WHERE c.relname LIKE 'theirs%' AND r.rolname = '`+name+`'`); len(got) > 0 {
			t.Errorf("it has rights on %q", got)
		}
		run(t, admin, `DROP OWNED BY `+pgx.Identifier{name}.Sanitize())
	}
}

// The password itself crosses no connection that others can read.
func TestPlaintextPasswordNeedsTLS(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	name := ownRole(t, url, "reads")
	_, err := postgres.EnsureReader(t.Context(), open(t, url), postgres.Role{Name: name, Password: secret.New("canary"), Plaintext: true})
	if !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), "over TLS only") {
		t.Errorf("without TLS: %v", err)
	}
}

// A member of the role has its rights and none of its settings, until it is named
// itself; and the sentences about temporary tables are true.
func TestMemberOfTheReader(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool := open(t, url)
	reader, member := ownRole(t, url, "reads"), ownRole(t, url, "tableau")
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: reader}); err != nil {
		t.Fatal(err)
	}
	run(t, pool, fmt.Sprintf(`CREATE ROLE %[2]s LOGIN PASSWORD 'stays'; GRANT %[1]s TO %[2]s`, pgx.Identifier{reader}.Sanitize(), pgx.Identifier{member}.Sanitize()))
	settings := func() string {
		t.Helper()
		var text string
		conn := asRole(t, url, member, "stays")
		err := conn.QueryRow(t.Context(), `SELECT current_setting('default_transaction_read_only') || ' ' || current_setting('statement_timeout') FROM analytics.people`+
			` RIGHT JOIN (SELECT) AS once ON true`).Scan(&text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(t.Context(), `CREATE TEMP TABLE mine (n int)`)
		if refused := code(err) == "25006"; refused != strings.HasPrefix(text, "on ") {
			t.Errorf("with the settings %q a temporary table gives %v", text, err)
		}
		if _, err := conn.Exec(t.Context(), `SET default_transaction_read_only = off`); err != nil {
			t.Error(err)
		}
		if _, err := conn.Exec(t.Context(), `CREATE TEMP TABLE IF NOT EXISTS mine (n int)`); err != nil {
			t.Error(err)
		}
		return text
	}
	if got := settings(); got != "off 0" {
		t.Errorf("a member has the settings %q", got)
	}
	state, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: member})
	if err != nil || !state.Login {
		t.Fatalf("%+v: %v", state, err)
	}
	if got := settings(); got != "on 5min" {
		t.Errorf("named itself, it has the settings %q", got)
	}
}

// A role is of all databases of a server: whoever makes it for another warehouse at the
// same time gets it all the same.
func TestRoleIsMadeForTwoWarehousesAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pool, other := open(t, url), open(t, pgtest.New(t))
	name := ownRole(t, url, "reads")
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `CREATE ROLE `+pgx.Identifier{name}.Sanitize()+` NOLOGIN`); err != nil {
		t.Fatal(err)
	}
	made := make(chan error, 1)
	go func() {
		_, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: name})
		made <- err
	}()
	for waits := false; !waits; {
		err := other.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = $1)`,
			pool.Config().ConnConfig.Database).Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-made; err != nil {
		t.Error(err)
	}
}

package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// Role says which role to make, or to bring up to date.
type Role struct {
	Name string // empty means Reader or Loader
	// Password lets the role log in; without one that stays as it is, which for a
	// new role is not.
	Password secret.Text
	// Plaintext sends the password itself, for servers that refuse a verifier. It
	// is refused on a connection without TLS.
	Plaintext bool
}

// RoleState is how a role is afterwards.
type RoleState struct {
	Login bool // it can log in
	// Unset are the statements that the user of the connection may not run: the
	// role's settings in this database, on which none of its rights rests.
	Unset string
}

// mostName is the longest name that PostgreSQL keeps; a longer one it cuts.
const mostName = 63

// CheckRoleName refuses a name that PostgreSQL would refuse, cut, or take for
// everybody.
func CheckRoleName(name string) error {
	var why string
	switch {
	case strings.TrimSpace(name) == "":
		why = "it is empty"
	case len(name) > mostName:
		why = fmt.Sprintf("it is longer than %d bytes", mostName)
	case strings.HasPrefix(name, "pg_"), name == "public", name == "none":
		why = "PostgreSQL keeps this name to itself"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		why = "it holds a character that cannot be seen"
	default:
		return nil
	}
	return fmt.Errorf("%w: %q cannot be the name of a role: %s", model.ErrUsage, name, why)
}

// RoleElsewhere names the other databases of the server in which a role has
// rights, settings or something of its own. It changes nothing.
func RoleElsewhere(ctx context.Context, pool *pgxpool.Pool, name string) ([]string, error) {
	rows, err := pool.Query(ctx, `
		WITH role AS (SELECT oid FROM pg_roles WHERE rolname = $1)
		SELECT d.datname::text FROM pg_database AS d, role AS r
		WHERE d.datname <> current_database() AND (
			EXISTS (SELECT FROM pg_shdepend AS s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid
			        AND (s.dbid = d.oid OR s.classid = 'pg_database'::regclass AND s.objid = d.oid))
			OR EXISTS (SELECT FROM pg_db_role_setting AS s WHERE s.setrole = r.oid AND s.setdatabase = d.oid))
		ORDER BY 1`, name)
	if err == nil {
		var databases []string
		if databases, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil {
			return databases, nil
		}
	}
	return nil, Failed("look where the role "+name+" is used", err)
}

// setLogin takes the role's name and its password, or the verifier of that, from
// settings of the transaction, since ALTER ROLE takes no parameters.
const setLogin = `DO $$ BEGIN
	EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', current_setting('rollcall.role'), current_setting('rollcall.verifier'));
END $$`

// ensure makes the role by the statements, or brings its rights up to date, and
// then sets its password. A crash, or a server that refuses the password, between
// the two leaves the role with its rights and without the new password.
func (r Role) ensure(ctx context.Context, pool *pgxpool.Pool, statements string) (state RoleState, err error) {
	if err := CheckRoleName(r.Name); err != nil {
		return state, err
	}
	verifier, err := r.verifier()
	if err != nil {
		return state, err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return state, Failed("connect", err)
	}
	defer conn.Release()
	if _, encrypted := conn.Conn().PgConn().Conn().(*tls.Conn); r.Plaintext && !encrypted && verifier != "" {
		return state, fmt.Errorf("%w: the password itself is sent over TLS only: set sslmode=verify-full in DATABASE_URL", model.ErrUsage)
	}
	if err = r.make(ctx, conn, statements, &state); wasMade(err) {
		err = r.make(ctx, conn, statements, &state)
	}
	if err != nil {
		return state, fmt.Errorf("%w: make the role %s: %w%s", model.ErrStore, r.Name, err, r.advice(ctx, conn.Conn(), err))
	}
	if verifier != "" {
		if err := r.setPassword(ctx, conn.Conn(), verifier); err != nil {
			return state, err
		}
	}
	err = conn.QueryRow(ctx, `SELECT rolcanlogin FROM pg_roles WHERE rolname = $1`, r.Name).Scan(&state.Login)
	return state, Failed("look at the role "+r.Name, err)
}

// make makes the role, or gives it the rights that it lacks, in one transaction.
func (r Role) make(ctx context.Context, conn *pgxpool.Conn, statements string, state *RoleState) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('rollcall.role', $1, true), set_config('rollcall.unset', '', true)`, r.Name); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, statements); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT current_setting('rollcall.unset')`).Scan(&state.Unset)
	})
}

// wasMade tells that another made the role meanwhile, for a warehouse in another database of
// the server: roles are of all databases, and locks of one.
func wasMade(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "42710" || pg.Code == "23505" && pg.ConstraintName == "pg_authid_rolname_index")
}

// verifier gives what is sent for the password; empty for none.
func (r Role) verifier() (string, error) {
	if r.Password.IsZero() {
		return "", nil
	}
	verifier, err := scramVerifier(r.Name, r.Password)
	if r.Plaintext && err == nil {
		return r.Password.Reveal(), nil
	}
	return verifier, err
}

// setPassword lets the role log in. What goes wrong here leaves its rights.
func (r Role) setPassword(ctx context.Context, conn *pgx.Conn, verifier string) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('rollcall.role', $1, true), set_config('rollcall.verifier', $2, true)`, r.Name, verifier); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, setLogin)
		return err
	})
	if err == nil {
		return nil
	}
	pg, refused := errors.AsType[*pgconn.PgError](err)
	switch {
	case !refused || Class(pg) == "57" || Class(pg) == "08":
		return fmt.Errorf("%w: the role %s has its rights; set its password: %w%s", model.ErrStore, r.Name, err, Advice(err))
	case pg.Code == insufficientPrivilege:
		return fmt.Errorf("%w: the role %s has its rights, but its password was not changed: %w%s", model.ErrStore, r.Name, err, r.advice(ctx, conn, err))
	case r.Plaintext:
		// The server's words might repeat the statement, and with it the password.
		return fmt.Errorf("%w: the role %s has its rights, but the server did not take its password (SQLSTATE %s): it may be too weak for the server's rules", model.ErrStore, r.Name, pg.Code)
	}
	return fmt.Errorf("%w: the role %s has its rights, but the server did not take its password: %w; "+
		"a managed server that wants the password itself in place of a verifier gets it with --plaintext-password, over TLS only; "+
		"or without --new-password, and then ALTER ROLE %s LOGIN PASSWORD '…' by the provider's own console", model.ErrStore, r.Name, err, pgx.Identifier{r.Name}.Sanitize())
}

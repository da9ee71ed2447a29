package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/naming"
)

const insufficientPrivilege = "42501"

// adminRules is the release since which CREATEROLE is not enough to change a role
// that somebody else made.
const adminRules = 16

// advice says which right the user of the connection lacks to make or change the
// role, in a clause that begins with a semicolon.
func (r Role) advice(ctx context.Context, conn *pgx.Conn, err error) string {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pg.Code != insufficientPrivilege {
		return Advice(err)
	}
	var user, owner string
	var owns, mayMake, exists, admin bool
	var major int
	if conn.QueryRow(ctx, `
		SELECT u.rolname, o.rolname, pg_has_role(u.oid, o.oid, 'USAGE'), u.rolcreaterole OR u.rolsuper, r.oid IS NOT NULL,
		       u.rolsuper OR coalesce(pg_has_role(u.oid, r.oid, 'USAGE WITH ADMIN OPTION'), false),
		       current_setting('server_version_num')::int / 10000
		FROM pg_class AS c JOIN pg_roles AS o ON o.oid = c.relowner JOIN pg_roles AS u ON u.rolname = current_user
		LEFT JOIN pg_roles AS r ON r.rolname = $1
		WHERE c.oid = 'sync.runs'::regclass`, r.Name).Scan(&user, &owner, &owns, &mayMake, &exists, &admin, &major) != nil {
		return Advice(err)
	}
	role, quoted := pgx.Identifier{r.Name}.Sanitize(), pgx.Identifier{user}.Sanitize()
	switch {
	case !owns && (!exists || !r.Password.IsZero()):
		return fmt.Sprintf("; the user in DATABASE_URL must own the tables and have CREATEROLE: they belong to %s", owner)
	case !owns:
		return "; the user in DATABASE_URL must own the tables: they belong to " + owner
	case !exists && !mayMake:
		return fmt.Sprintf("; the user in DATABASE_URL owns the tables and may make no role: ask a superuser for CREATE ROLE %s, or for ALTER ROLE %s CREATEROLE, and run this again", role, quoted)
	case !mayMake && major < adminRules:
		return fmt.Sprintf("; who changes a password needs CREATEROLE, which a superuser gives: ALTER ROLE %s CREATEROLE", quoted)
	case !mayMake, !admin && major >= adminRules:
		return fmt.Sprintf("; since PostgreSQL 16 who changes a role needs CREATEROLE and the ADMIN OPTION on it, which a superuser or who made the role gives: ALTER ROLE %s CREATEROLE; GRANT %s TO %s WITH ADMIN OPTION", quoted, role, quoted)
	}
	return naming.Text("; the user in DATABASE_URL must own everything in the schemas analytics, realtimekit and sync") + ", and may need more than " + user + " has"
}

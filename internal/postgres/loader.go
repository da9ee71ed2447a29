package postgres

import (
	"cmp"
	"context"
	_ "embed"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
)

// Loader is the role for the jobs that fill the warehouse, as far as they need
// not change its schema, where none is named.
const Loader = "rollcall_loader"

//go:embed loader.sql
var loaderSQL string

// LoaderSQL gives the statements that make a role that loads or bring its rights up
// to date, for whoever may run them in place of [EnsureLoader].
func LoaderSQL(name string) (string, error) {
	if err := CheckRoleName(name); err != nil {
		return "", err
	}
	return "SET rollcall.role = '" + strings.ReplaceAll(name, "'", "''") + "';\n" + naming.SQL(withNames(loaderSQL)), nil
}

// EnsureLoader makes a role that loads, Loader unless it is named, or brings its
// rights up to date.
func EnsureLoader(ctx context.Context, pool *pgxpool.Pool, r Role) (RoleState, error) {
	r.Name = cmp.Or(r.Name, Loader)
	return r.ensure(ctx, pool, withNames(loaderSQL))
}

// LoaderExcess names the statements that take from everybody (PUBLIC), and so
// from a role that loads, what it does not need: rights that this database gives
// whoever connects. It changes nothing.
func LoaderExcess(ctx context.Context, pool *pgxpool.Pool, name string) ([]string, error) {
	rows, err := pool.Query(ctx, `
		SELECT format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', nspname) FROM pg_namespace
		WHERE nspname NOT LIKE 'pg\_%' AND has_schema_privilege($1, oid, 'CREATE')
		UNION ALL
		SELECT format('REVOKE CREATE ON DATABASE %I FROM PUBLIC', current_database())
		WHERE has_database_privilege($1, current_database(), 'CREATE')`, name)
	if err == nil {
		var excess []string
		if excess, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil {
			return excess, nil
		}
	}
	return nil, Failed("look at the rights of "+name, err)
}

package postgres

import (
	"cmp"
	"context"
	_ "embed"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/migrations"
)

// Loader is the role for the jobs that fill the warehouse, as far as they need
// not change its schema, where none is named.
const Loader = "rollcall_loader"

var (
	//go:embed loader.sql
	loaderSQL string
	//go:embed excess.sql
	excessSQL string
)

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
// from a role that loads, what it does not need: rights to create that this database
// gives whoever connects, and rights on our tables beyond its own. It changes nothing.
func LoaderExcess(ctx context.Context, pool *pgxpool.Pool, name string) ([]string, error) {
	relations, err := Relations()
	if err != nil {
		return nil, err
	}
	rows, err := pool.Query(ctx, excessSQL, name, append(relations, queueNames(migrations.Relation)...))
	if err == nil {
		var excess []string
		if excess, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil {
			return excess, nil
		}
	}
	return nil, Failed("look at the rights of "+name, err)
}

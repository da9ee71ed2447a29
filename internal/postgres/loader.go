package postgres

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/secret"
)

// Loader is the role for the jobs that fill the warehouse, as far as they need
// not change its schema.
const Loader = "rollcall_loader"

//go:embed loader.sql
var loaderSQL string

// LoaderSQL gives the statements that make the role Loader or bring its rights up
// to date, for whoever may run them in its place.
func LoaderSQL() string { return withNames(loaderSQL) }

// EnsureLoader makes the role Loader, or brings its rights up to date; password
// and result are those of [EnsureReader].
func EnsureLoader(ctx context.Context, pool *pgxpool.Pool, password secret.Text) (login bool, err error) {
	return role{Loader, LoaderSQL()}.ensure(ctx, pool, password)
}

// LoaderExcess names the statements that take from everybody (PUBLIC), and so
// from the role Loader, what it does not need: rights that this database gives
// whoever connects. It changes nothing.
func LoaderExcess(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	rows, err := pool.Query(ctx, `
		SELECT format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', nspname) FROM pg_namespace
		WHERE nspname NOT LIKE 'pg\_%' AND has_schema_privilege($1, oid, 'CREATE')
		UNION ALL
		SELECT format('REVOKE CREATE ON DATABASE %I FROM PUBLIC', current_database())
		WHERE has_database_privilege($1, current_database(), 'CREATE')`, Loader)
	if err == nil {
		var excess []string
		if excess, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil {
			return excess, nil
		}
	}
	return nil, Failed("look at the rights of "+Loader, err)
}

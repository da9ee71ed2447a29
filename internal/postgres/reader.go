package postgres

import (
	"cmp"
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Reader is the role that BI tools use, where none is named.
const Reader = "rollcall_reader"

//go:embed reader.sql
var readerSQL string

// EnsureReader makes a role for BI tools, Reader unless it is named, or brings its
// rights up to date.
func EnsureReader(ctx context.Context, pool *pgxpool.Pool, r Role) (RoleState, error) {
	r.Name = cmp.Or(r.Name, Reader)
	return r.ensure(ctx, pool, withNames(readerSQL))
}

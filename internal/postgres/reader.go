package postgres

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/secret"
)

// Reader is the role that BI tools use.
const Reader = "rollcall_reader"

//go:embed reader.sql
var readerSQL string

// EnsureReader makes the role Reader, or brings its rights up to date. With a
// password the role can log in; without one that stays as it is, which for a
// new role is not. It tells whether the role can log in.
func EnsureReader(ctx context.Context, pool *pgxpool.Pool, password secret.Text) (login bool, err error) {
	return role{Reader, withNames(readerSQL)}.ensure(ctx, pool, password)
}

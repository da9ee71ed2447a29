package pgtest

import (
	"context"

	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// Migrated is a [Migrate] that applies all migrations of the program.
func Migrated(ctx context.Context, databaseURL string) error {
	pool, err := postgres.Open(ctx, secret.New(databaseURL), 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = postgres.MigrateUp(ctx, pool)
	return err
}

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
)

// MigrationWaits tells whether somebody waits to change the schema until those who hold
// it let go. Whoever holds it for as long as it runs asks now and then.
func MigrationWaits(ctx context.Context, pool *pgxpool.Pool) (waits bool, err error) {
	err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks
		WHERE locktype = 'advisory' AND objsubid = 1 AND NOT granted AND mode = 'ExclusiveLock'
		  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		  AND (classid::bigint << 32 | objid::bigint) IN (`+schemaLock+`, `+workLock+`))`).Scan(&waits)
	return waits, Failed("see whether a migration waits", err)
}

package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"

	"github.com/rollcall-etl/rollcall/migrations"
)

// versionTable is where goose keeps which migrations were applied.
const versionTable = "sync.schema_migrations"

// appliedSQL gives the version that the schema has, or is about to have.
const appliedSQL = `SELECT coalesce(max(version_id), 0) FROM ` + versionTable + ` WHERE is_applied`

// Migration is one numbered step of the schema.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time     // zero while pending
	Took      time.Duration // of a step that was just made
}

// Migrations lists all migrations of this program, oldest first. It changes
// nothing: on an empty database all are pending.
func Migrations(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	have, _, err := versions(ctx, pool)
	if err != nil {
		return nil, err
	}
	all, err := embeddedMigrations()
	if err != nil || have == 0 {
		return all, err
	}
	rows, err := pool.Query(ctx, `SELECT version_id, max(tstamp AT TIME ZONE 'UTC') FROM `+versionTable+` WHERE is_applied GROUP BY version_id`)
	if err != nil {
		return nil, migrationError("read the schema version", err)
	}
	applied := map[int64]time.Time{}
	var version int64
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&version, &at}, func() error {
		applied[version] = at
		return nil
	})
	if err != nil {
		return nil, migrationError("read the schema version", err)
	}
	for i := range all {
		all[i].AppliedAt = applied[all[i].Version]
	}
	return all, nil
}

// PendingMigrations lists what MigrateUp would apply, oldest first.
func PendingMigrations(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	all, err := Migrations(ctx, pool)
	return slices.DeleteFunc(all, func(m Migration) bool { return !m.AppliedAt.IsZero() }), err
}

// NewestMigration gives the one that MigrateDown would take back; the zero value
// where none is applied.
func NewestMigration(ctx context.Context, pool *pgxpool.Pool) (Migration, error) {
	all, err := Migrations(ctx, pool)
	all = slices.DeleteFunc(all, func(m Migration) bool { return m.AppliedAt.IsZero() })
	if err != nil || len(all) == 0 {
		return Migration{}, err
	}
	return all[len(all)-1], nil
}

// schemaVersion gives the newest applied migration, 0 where there is none.
func schemaVersion(ctx context.Context, pool *pgxpool.Pool) (int64, error) {
	var version int64
	err := pool.QueryRow(ctx, appliedSQL).Scan(&version)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000" || pg.Code == "42703") {
		return 0, nil // or the table is another program's
	}
	if pg != nil && pg.Code == "42501" {
		var ours bool
		found := pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
			WHERE n.nspname = 'sync' AND c.relname = 'schema_migrations')`).Scan(&ours)
		if found == nil && !ours { // the schema is somebody else's
			return 0, nil
		}
	}
	return version, migrationError("read the schema version", err)
}

// newestMigration gives the number of the last embedded migration.
func newestMigration() (int64, error) {
	all, err := embeddedMigrations()
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[len(all)-1].Version, nil
}

// embeddedMigrations lists what this program carries, oldest first.
func embeddedMigrations() ([]Migration, error) {
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list the embedded migrations: %w", err)
	}
	all := make([]Migration, 0, len(names))
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("embedded migration %s: %w", name, err)
		}
		all = append(all, Migration{Version: version, Name: name})
	}
	slices.SortFunc(all, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	return all, nil
}

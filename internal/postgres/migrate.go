package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// MigrateUp applies every pending migration and gives those it applied. Two
// processes at once are safe: one waits for the other. It waits as well for runs
// that are under way, a minute at most: the error then wraps model.ErrLocked.
// Where nothing is pending, it neither waits nor writes. Roles of [EnsureReader] and
// [EnsureLoader] have their rights on what was made, or the error names them.
func MigrateUp(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	pending, err := PendingMigrations(ctx, pool)
	if err != nil || len(pending) == 0 {
		return nil, err
	}
	// In a copy without sequences goose's own table could not note a version.
	if _, _, err := MendIdentities(ctx, pool); err != nil {
		return nil, err
	}
	var done []Migration
	err = withGoose(ctx, pool, func() error { return CheckDatabase(ctx, pool) }, func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		if done = applied(results); err != nil {
			return err
		}
		if err := distributeNew(ctx, pool); err != nil {
			return err
		}
		return regrant(ctx, pool)
	})
	return done, migrationError("migrate up", err)
}

// MigrateDown takes back the newest applied migration. It waits as MigrateUp does,
// and where none is applied it neither waits nor writes. Roles keep their rights on
// what is left.
func MigrateDown(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	newest, err := NewestMigration(ctx, pool)
	if err != nil || newest.Version == 0 {
		return nil, err
	}
	var done []Migration
	mayGo := func() error {
		newest, err := NewestMigration(ctx, pool)
		if err != nil {
			return err
		}
		return CheckDependents(ctx, pool, newest.Version)
	}
	err = withGoose(ctx, pool, mayGo, func(p *goose.Provider) error {
		result, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil // somebody else took it back meanwhile
		}
		if result != nil {
			done = applied([]*goose.MigrationResult{result})
		}
		if err != nil || len(done) == 0 {
			return err
		}
		if err := distributeNew(ctx, pool); err != nil {
			return err
		}
		// What is made anew in an older form has lost its rights.
		return regrant(ctx, pool)
	})
	return done, migrationError("migrate down", err)
}

// migrationError says what was being done; a schema that is refused keeps its
// own sentence.
func migrationError(doing string, err error) error {
	if errors.Is(err, model.ErrSchema) || errors.Is(err, model.ErrLocked) {
		return err
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42501" {
		return fmt.Errorf("%w: %s: %w%s", model.ErrStore, doing, err, missingRight(pg, ownerRole))
	}
	return Failed(doing, err)
}

package postgres

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/migrations"
)

// versionTable is where goose keeps which migrations were applied.
const versionTable = "sync.schema_migrations"

// Migration is one numbered step of the schema.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time     // zero while pending
	Took      time.Duration // of a step that was just made
}

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

func applied(results []*goose.MigrationResult) []Migration {
	var done []Migration
	for _, r := range results {
		if r.Error == nil {
			done = append(done, Migration{Version: r.Source.Version, Name: r.Source.Path, Took: r.Duration})
		}
	}
	return done
}

// withGoose gives a goose provider on the embedded migrations while nobody relies
// on the schema, and after allowed did not refuse. Its version table lies in our own
// schema, which therefore is made first. A schema of a newer program is left alone.
func withGoose(ctx context.Context, pool *pgxpool.Pool, allowed func() error, do func(*goose.Provider) error) error {
	return changeSchema(ctx, pool, func() error {
		if _, _, err := versions(ctx, pool); err != nil {
			return err
		}
		if err := allowed(); err != nil {
			return err
		}
		present, err := texts(ctx, pool, `SELECT nspname::text FROM pg_namespace WHERE nspname IN ('realtimekit', 'sync', 'analytics', '`+migrations.QueueSchema+`')`)
		if err != nil {
			return err
		}
		for i, schema := range present {
			present[i] = naming.Plain(schema)
		}
		if !slices.Contains(present, "sync") { // asked first: a role that may not make schemas may still own this one
			if _, err := pool.Exec(ctx, `CREATE SCHEMA sync`); err != nil {
				return err
			}
		}
		db := stdlib.OpenDBFromPool(pool)
		defer closeDB(db)
		provider, err := goose.NewProvider(goose.DialectPostgres, db, withoutSchemas{migrations.FS, append(present, "sync")},
			goose.WithTableName(naming.Real(versionTable)), goose.WithDisableGlobalRegistry(true))
		if err != nil {
			return err
		}
		return do(provider)
	})
}

// withoutSchemas are the migrations but for the making of schemas that are there: a
// database administrator may have made them for a role that may not.
type withoutSchemas struct {
	fs.FS
	present []string
}

// Open implements fs.FS.
func (w withoutSchemas) Open(name string) (fs.File, error) {
	file, err := w.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return file, err
	}
	defer file.Close() // read to its end below
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	for _, schema := range w.present {
		for _, form := range []string{"CREATE SCHEMA " + schema + ";", "CREATE SCHEMA IF NOT EXISTS " + schema + ";"} {
			text = bytes.ReplaceAll(text, []byte(form), nil)
		}
	}
	return textFile{file, bytes.NewReader(text)}, nil
}

// textFile is a file with another text.
type textFile struct {
	fs.File
	text *bytes.Reader
}

// Read implements fs.File.
func (f textFile) Read(p []byte) (int, error) { return f.text.Read(p) }

// closeDB closes the adapter, not the pool behind it; there is nothing to lose.
func closeDB(db *sql.DB) { _ = db.Close() }

// CheckSchema refuses a database whose schema is older or newer than this
// program's, with the command to run, and one of which the role does not see every
// row, whose tables would seem to be empty. It changes nothing.
func CheckSchema(ctx context.Context, pool *pgxpool.Pool) error {
	if err := CheckRows(ctx, pool); err != nil {
		return err
	}
	have, want, err := versions(ctx, pool)
	switch {
	case err != nil:
		return err
	case have == 0:
		if worker, err := onWorker(ctx, pool); worker || err != nil {
			return cmp.Or(err, errWorker)
		}
		return noTables(ctx, pool)
	case have < want:
		return &BehindError{have, want}
	}
	return nil
}

// noTables tells that there is no schema of any program.
func noTables(ctx context.Context, pool *pgxpool.Pool) error {
	others, err := OtherWarehouses(ctx, pool)
	switch {
	case err != nil:
		return err
	case others != "":
		return fmt.Errorf("%w: the database has no Rollcall tables in the schema %s yet; run: rollcall migrate up; %s", model.ErrSchema, naming.Real("realtimekit"), others)
	}
	return fmt.Errorf("%w: the database has no Rollcall tables yet; run: rollcall migrate up", model.ErrSchema)
}

// BehindError tells that the schema is that of an older program. It is model.ErrSchema.
type BehindError struct{ Have, Want int64 }

func (e *BehindError) Error() string {
	return fmt.Sprintf("%v: the schema is at version %d, this program needs %d; run: rollcall migrate up", model.ErrSchema, e.Have, e.Want)
}

func (*BehindError) Unwrap() error { return model.ErrSchema }

// versions gives the newest applied migration, 0 where there is none, and the
// newest that this program knows. A schema of a newer program is an error.
func versions(ctx context.Context, pool *pgxpool.Pool) (have, want int64, err error) {
	if have, err = schemaVersion(ctx, pool); err != nil {
		return 0, 0, err
	}
	if want, err = newestMigration(); err != nil {
		return 0, 0, err
	}
	if have > want {
		return 0, 0, fmt.Errorf("%w: the schema is at version %d, newer than the %d that this program knows; install a newer Rollcall", model.ErrSchema, have, want)
	}
	return have, want, nil
}

// schemaVersion gives the newest applied migration, 0 where there is none.
func schemaVersion(ctx context.Context, pool *pgxpool.Pool) (int64, error) {
	var version int64
	err := pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM `+versionTable+` WHERE is_applied`).Scan(&version)
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

// CheckDatabase refuses a database that the pending migrations cannot be made in: it is
// on a worker of Citus, its encoding is not UTF8, or their names are taken. It changes
// nothing.
func CheckDatabase(ctx context.Context, pool *pgxpool.Pool) error {
	if worker, err := onWorker(ctx, pool); worker || err != nil {
		return cmp.Or(err, errWorker)
	}
	if err := CheckEncoding(ctx, pool); err != nil {
		return err
	}
	return checkNames(ctx, pool)
}

// CheckEncoding refuses a database in which names and texts cannot all be stored,
// or would be stored as other characters.
func CheckEncoding(ctx context.Context, pool *pgxpool.Pool) error {
	var encoding string
	if err := pool.QueryRow(ctx, `SELECT current_setting('server_encoding')`).Scan(&encoding); err != nil {
		return migrationError("look at the encoding", err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("%w: the database has the encoding %s, in which not every name can be kept; make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", model.ErrSchema, encoding)
	}
	return nil
}

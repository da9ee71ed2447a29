package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"io/fs"
	"path"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/migrations"
)

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

func applied(results []*goose.MigrationResult) []Migration {
	var done []Migration
	for _, r := range results {
		if r.Error == nil {
			done = append(done, Migration{Version: r.Source.Version, Name: r.Source.Path, Took: r.Duration})
		}
	}
	return done
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

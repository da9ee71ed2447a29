// Command dictionary writes docs/dictionary.md and docs/schema.md from the
// schema as the migrations make it, on a PostgreSQL of its own:
//
//	go run ./internal/dictionary
//
// A test fails while they are not what it would write.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

func main() {
	if err := run(context.Background(), "docs"); err != nil {
		fmt.Fprintln(os.Stderr, "dictionary:", err)
		os.Exit(1)
	}
}

// run starts a server, migrates a database and writes the pages.
func run(ctx context.Context, docs string) (err error) {
	dir, err := private.MkdirTemp("rollcall-dictionary-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := private.Start(ctx, private.Config{Dir: dir, AllowDownload: true, NoSync: true, Logger: slog.Default()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop(ctx)) }()
	pool, err := postgres.Open(ctx, secret.New(server.URL()), 4)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := postgres.MigrateUp(ctx, pool); err != nil {
		return err
	}
	return write(ctx, pool, docs)
}

// write writes the pages about a database into a folder.
func write(ctx context.Context, pool *pgxpool.Pool, docs string) error {
	c, err := readCatalog(ctx, pool)
	if err != nil {
		return err
	}
	for name, text := range map[string]string{"dictionary.md": c.dictionary(), "schema.md": c.diagram()} {
		if err := os.WriteFile(filepath.Join(docs, name), []byte(text), 0o644); err != nil { //nolint:gosec // a page for everybody
			return err
		}
	}
	return nil
}

// Command dictionary writes what follows from the schema as the migrations make
// it, on a PostgreSQL of its own: docs/dictionary.md and docs/schema.md, and the
// sources of the dbt package in deploy/dbt; and what follows from the metrics in
// deploy/metrics.yml: dbt's semantic models, the Malloy model and docs/metrics.md; and
// the bundle for Superset, from both and deploy/superset.yml.
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
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

func main() {
	if err := run(context.Background(), "."); err != nil {
		fmt.Fprintln(os.Stderr, "dictionary:", err)
		os.Exit(1)
	}
}

// run starts a server, migrates a database and writes the files of the project
// whose root is given.
func run(ctx context.Context, root string) (err error) {
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
	return write(ctx, pool, root)
}

// write writes the files about a database into a project, and names those that were others.
func write(ctx context.Context, pool *pgxpool.Pool, root string) error {
	c, err := readCatalog(ctx, pool)
	if err != nil {
		return err
	}
	files, err := c.files(root)
	if err != nil {
		return err
	}
	changed := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path, text := filepath.Join(root, filepath.FromSlash(name)), files[name]
		if before, err := os.ReadFile(path); err == nil && string(before) == text {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // files for everybody
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // files for everybody
			return err
		}
		fmt.Println("wrote", name)
		changed++
	}
	if changed == 0 {
		fmt.Println("all files are as the schema has it")
	}
	return nil
}

// files are the texts by path below the root of the project.
func (c catalog) files(root string) (map[string]string, error) {
	exposures, err := c.exposures(root)
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		"docs/dictionary.md": c.dictionary(), "docs/schema.md": c.diagram(),
		"deploy/dbt/models/exposures.yml": exposures,
	}
	m, err := c.readMetrics(root)
	if err != nil {
		return nil, err
	}
	files["docs/metrics.md"], files["tools/bi/malloy/rollcall.malloy"] = m.page(), m.malloy()
	maps.Copy(files, m.dbtFiles())
	bundle, err := c.readSuperset(root, m)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, bundle.files())
	for _, s := range c.Schemas {
		files["deploy/dbt/models/sources/"+s.Name+".yml"] = c.dbtSources(s)
	}
	return files, nil
}

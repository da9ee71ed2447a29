package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// startServer gives the URL of a server: the one that was named, or a private
// one in a temporary folder.
func (b *bench) startServer(ctx context.Context) error {
	if b.databaseURL != "" {
		return nil
	}
	dir, err := private.MkdirTemp("rollcall-bench-")
	if err != nil {
		return err
	}
	b.cleanup = append(b.cleanup, func(context.Context) error { return os.RemoveAll(dir) })
	server, err := private.Start(ctx, private.Config{Dir: dir, AllowDownload: true})
	if err != nil {
		return err
	}
	b.cleanup = append(b.cleanup, server.Stop)
	b.databaseURL = server.URL()
	return nil
}

// warehouse is a database of its own.
type warehouse struct {
	*pgxpool.Pool
	url, name string
	admin     *pgxpool.Pool
}

// newDatabase is an empty database, with nothing of Rollcall's.
func (b *bench) newDatabase(ctx context.Context) (*warehouse, error) {
	location, err := url.Parse(b.databaseURL)
	if err != nil {
		return nil, errors.New("-database-url is not a URL")
	}
	admin, err := postgres.Open(ctx, secret.New(b.databaseURL), 1)
	if err != nil {
		return nil, err
	}
	w := &warehouse{name: "rollcall_bench_" + strings.ToLower(rand.Text()), admin: admin}
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+w.name); err != nil {
		admin.Close()
		return nil, err
	}
	location.Path = "/" + w.name
	w.url = location.String()
	if w.Pool, err = postgres.Open(ctx, secret.New(w.url), load.Connections(b.concurrency)); err != nil {
		return nil, errors.Join(err, w.drop(ctx))
	}
	return w, nil
}

func (b *bench) newWarehouse(ctx context.Context) (*warehouse, error) {
	w, err := b.newDatabase(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := postgres.MigrateUp(ctx, w.Pool); err != nil {
		return nil, errors.Join(err, w.drop(ctx))
	}
	return w, nil
}

func (w *warehouse) drop(ctx context.Context) error {
	if w.Pool != nil {
		w.Close()
	}
	defer w.admin.Close()
	_, err := w.admin.Exec(context.WithoutCancel(ctx), "DROP DATABASE "+w.name+" WITH (FORCE)")
	return err
}

// tables that hold what came from the API, parents first.
var tables = []string{"apps", "meetings", "sessions", "participants", "peer_events"}

// export writes the rows of a warehouse to files that COPY reads.
func (b *bench) export(ctx context.Context, w *warehouse) error {
	var script strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&script, `\copy realtimekit.%s TO '%s' (FORMAT binary)`+"\n", table, b.file(table))
	}
	return b.psql(ctx, w, script.String())
}

func (b *bench) file(table string) string { return filepath.Join(b.dir, table) }

// copyIn is the limit: the same rows by psql's binary COPY, in one transaction.
func (b *bench) copyIn(ctx context.Context, w *warehouse) (usage, error) {
	script := strings.Builder{}
	script.WriteString("BEGIN;\n")
	for _, table := range tables {
		fmt.Fprintf(&script, `\copy realtimekit.%s FROM '%s' (FORMAT binary)`+"\n", table, b.file(table))
	}
	script.WriteString("COMMIT;\n")
	m, err := startMeter(ctx, w.Pool)
	if err != nil {
		return usage{}, err
	}
	if err := b.psql(ctx, w, script.String()); err != nil {
		return usage{}, err
	}
	u, err := m.stop(ctx)
	u.rows, u.own, u.peak = b.size.rows(), b.psqlTime, 0
	return u, err
}

// psql runs a script; any error in it is one of psql.
func (b *bench) psql(ctx context.Context, w *warehouse, script string) error {
	location, err := url.Parse(w.url)
	if err != nil {
		return err
	}
	password, _ := location.User.Password()
	location.User = url.User(location.User.Username())
	cmd := exec.CommandContext(ctx, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", location.String()) //nolint:gosec // our own URL
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("psql: %w: %s", err, out)
	}
	b.psqlTime = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return nil
}

// Package pgtest gives each test a PostgreSQL database of its own, on a real
// server that lives as long as the test binary.
//
// A package that needs it writes
//
//	func TestMain(m *testing.M) { pgtest.Main(m, migrate) }
//
// and its tests call [New]. The server starts with the first such call, so
// that tests which need none do not wait for it. Without PostgreSQL on the
// machine, tests fail; they are never skipped.
package pgtest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/postgres/private"
)

// Migrate brings the schema of an empty database up to date.
type Migrate func(ctx context.Context, databaseURL string) error

const (
	maxConnections = 200
	startTimeout   = 2 * time.Minute
	opTimeout      = time.Minute
	templateName   = "template_migrated"
)

// cluster is the server of this test binary.
type cluster struct {
	migrate Migrate
	dir     string

	start    sync.Once
	server   *private.Server
	startErr error

	template    sync.Once
	templateErr error
	isSeeded    bool // the template came with the folder

	created atomic.Int64 // databases so far
}

// shared is set by Main before any test runs.
var shared *cluster

// Main runs the tests and exits with their code. Each database that [New] hands
// out has been through migrate, which runs once; nil leaves them empty.
func Main(m *testing.M, migrate Migrate) { os.Exit(Run(m, migrate)) }

// Run is [Main] for a TestMain that ends the process itself.
func Run(m interface{ Run() int }, migrate Migrate) int {
	shared = &cluster{migrate: migrate}
	moreAtOnce()
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	return code
}

// moreAtOnce lets twice as many tests run at once as there are processors, unless the
// command line says how many: a test here waits for servers and other processes
// half of its time.
func moreAtOnce() {
	const name = "test.parallel"
	flag.Parse()
	if given := flag.Lookup(name); given != nil && given.Value.String() == given.DefValue {
		_ = flag.Set(name, strconv.Itoa(2*runtime.GOMAXPROCS(0)))
	}
}

// New returns the URL of a migrated database that is the test's own, and is
// dropped when the test has ended.
func New(tb testing.TB) string {
	tb.Helper()
	c := running(tb)
	c.template.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		c.templateErr = c.makeTemplate(ctx)
	})
	if c.templateErr != nil {
		tb.Fatalf("pgtest: %v", c.templateErr)
	}
	return c.create(tb, templateName)
}

// NewEmpty is [New] without the migrations.
func NewEmpty(tb testing.TB) string {
	tb.Helper()
	return running(tb).create(tb, "template0")
}

// running starts the server if this is the first call, and fails the test if
// there is none.
func running(tb testing.TB) *cluster {
	tb.Helper()
	if shared == nil {
		tb.Fatal("pgtest: TestMain of this package has to call pgtest.Main")
	}
	shared.start.Do(func() { shared.startErr = shared.startServer() })
	if shared.startErr != nil {
		tb.Fatalf("pgtest: %v", shared.startErr)
	}
	return shared
}

func (c *cluster) startServer() error {
	dir, err := private.MkdirTemp("rollcall-pgtest-", Memory()...)
	if err != nil {
		return err
	}
	c.dir = dir
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := c.fromSeed(ctx); err != nil {
		return fmt.Errorf("%s: %w", seedVariable, err)
	}
	return c.launch(ctx)
}

// launch starts the server in the folder.
func (c *cluster) launch(ctx context.Context) (err error) {
	c.server, err = private.Start(ctx, private.Config{
		Dir:            c.dir,
		AllowDownload:  true,
		NoSync:         true,
		MaxConnections: maxConnections,
		Logger:         slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	return err
}

// stop ends the server and removes its folder.
func (c *cluster) stop() error {
	if c.dir == "" {
		return nil
	}
	var err error
	if c.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), opTimeout)
		defer cancel()
		err = c.server.Stop(ctx)
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// makeTemplate migrates the database that New copies, and closes it to all.
func (c *cluster) makeTemplate(ctx context.Context) error {
	if c.isSeeded {
		return nil
	}
	if err := c.exec(ctx, "CREATE DATABASE "+templateName+" TEMPLATE template0"); err != nil {
		return err
	}
	if c.migrate != nil {
		location, err := c.url(templateName)
		if err != nil {
			return err
		}
		if err := c.migrate(ctx, location); err != nil {
			return fmt.Errorf("migrate the template database: %w", err)
		}
	}
	return c.exec(ctx, "ALTER DATABASE "+templateName+" WITH ALLOW_CONNECTIONS false")
}

// create copies a database and drops the copy after the test.
func (c *cluster) create(tb testing.TB, template string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), opTimeout)
	defer cancel()
	name := fmt.Sprintf("test_%d", c.created.Add(1))
	if err := c.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY file_copy"); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), opTimeout)
		defer cancel()
		if err := c.exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	location, err := c.url(name)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	return location
}

// exec runs one statement on the maintenance database.
func (c *cluster) exec(ctx context.Context, statement string) (err error) {
	conn, err := pgx.Connect(ctx, c.server.URL())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// url returns the URL of another database of the server.
func (c *cluster) url(database string) (string, error) {
	location, err := url.Parse(c.server.URL())
	if err != nil {
		return "", fmt.Errorf("server URL: %w", err)
	}
	location.Path = "/" + database
	return location.String(), nil
}

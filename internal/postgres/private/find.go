package private

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// BinVariable is the environment variable that names the folder of the server
// programs and goes before every other place.
const BinVariable = "ROLLCALL_POSTGRES_BIN"

// MinMajor is the oldest major version of PostgreSQL that is accepted.
const MinMajor = 15

// probeTimeout bounds a program that only has to print a line.
const probeTimeout = 10 * time.Second

// ErrNoPrograms is returned by [Find] when no server programs were found. Its
// text says what to install.
var ErrNoPrograms = errors.New("no PostgreSQL 15 or newer found: install it (Debian/Ubuntu: sudo apt-get install postgresql; macOS: brew install postgresql@17) or set DATABASE_URL")

// Programs is a folder with initdb and postgres of one version.
type Programs struct {
	Dir     string // the folder, absolute
	Major   int    // 15, 16, …
	Version string // as the server prints it, such as "15.18"
	How     string // how it was found, such as "pg_config --bindir"
}

// FindOptions says where [Find] may look. The zero value looks at what is
// installed and downloads nothing.
type FindOptions struct {
	// Getenv reads the environment; nil means os.Getenv.
	Getenv func(string) string
	// AllowDownload permits the last step: a pinned package fetched by npm.
	// Its build is for demos and tests, not for data that matters.
	AllowDownload bool
	// DownloadOnly skips everything that is installed.
	DownloadOnly bool
	// CacheDir keeps the downloaded programs; empty means rollcall in the
	// user's cache folder.
	CacheDir string
	// Installed and Homebrew are patterns of folders searched for the newest
	// version, one list after the other; nil means the usual places.
	Installed, Homebrew []string
	// Logger hears at debug level which folders were passed over and why;
	// nil discards it.
	Logger *slog.Logger
}

var (
	usualInstalled = []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", // Debian, Red Hat
		"/usr/libexec/postgresql*", // Alpine
	}
	usualHomebrew = []string{
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	}
)

// finder is one search: the options with their defaults, and the user that has
// to be able to run what is found.
type finder struct {
	FindOptions
	account account
}

// Find returns the first usable server programs, in this order: the variable
// ROLLCALL_POSTGRES_BIN, what pg_config names, PATH, the newest of the system's
// folders, Homebrew and Postgres.app, and, if allowed, the npm package. A folder
// counts if it has initdb and postgres of version 15 or newer that the server's
// user can run. An unusable ROLLCALL_POSTGRES_BIN is an error, not a reason to
// look elsewhere. With nothing found the error is [ErrNoPrograms].
func Find(ctx context.Context, opt FindOptions) (Programs, error) {
	account, err := serverAccount()
	if err != nil {
		return Programs{}, err
	}
	return newFinder(opt, account).find(ctx)
}

func newFinder(opt FindOptions, account account) finder {
	if opt.Getenv == nil {
		opt.Getenv = os.Getenv
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Installed == nil {
		opt.Installed = usualInstalled
	}
	if opt.Homebrew == nil {
		opt.Homebrew = usualHomebrew
	}
	return finder{FindOptions: opt, account: account}
}

func (f finder) find(ctx context.Context) (Programs, error) {
	if !f.DownloadOnly {
		if dir := f.Getenv(BinVariable); dir != "" {
			return f.fromVariable(ctx, dir)
		}
		if found, ok := f.installed(ctx); ok {
			return found, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return Programs{}, fmt.Errorf("look for PostgreSQL: %w", err)
	}
	if !f.AllowDownload {
		return Programs{}, ErrNoPrograms
	}
	return f.download(ctx)
}

func (f finder) fromVariable(ctx context.Context, dir string) (Programs, error) {
	if !filepath.IsAbs(dir) {
		return Programs{}, fmt.Errorf("%s=%s is not an absolute path: give the folder that holds initdb and postgres", BinVariable, dir)
	}
	found, err := f.probe(ctx, dir)
	if err != nil {
		return Programs{}, fmt.Errorf("%s=%s cannot be used: %w: correct the variable or unset it", BinVariable, dir, err)
	}
	found.How = BinVariable
	return found, nil
}

// installed tries the places that need no variable and no network.
func (f finder) installed(ctx context.Context) (Programs, bool) {
	steps := []struct {
		how  string
		find func(context.Context) (Programs, bool)
	}{
		{"pg_config --bindir", f.fromPgConfig},
		{"PATH", f.fromPath},
		{"newest installed", func(ctx context.Context) (Programs, bool) { return f.newest(ctx, f.Installed) }},
		{"Homebrew or Postgres.app", func(ctx context.Context) (Programs, bool) { return f.newest(ctx, f.Homebrew) }},
	}
	for _, step := range steps {
		if found, ok := step.find(ctx); ok {
			found.How = step.how
			return found, true
		}
	}
	return Programs{}, false
}

func (f finder) fromPgConfig(ctx context.Context) (Programs, bool) {
	program := f.lookPath("pg_config")
	if program == "" {
		return Programs{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--bindir")
	cmd.Env = programEnv("")
	out, err := cmd.Output()
	if err != nil {
		f.Logger.DebugContext(ctx, "passed over pg_config", "program", program, "error", err)
		return Programs{}, false
	}
	return f.try(ctx, strings.TrimSpace(string(out)))
}

func (f finder) fromPath(ctx context.Context) (Programs, bool) {
	for _, dir := range filepath.SplitList(f.Getenv("PATH")) {
		if !filepath.IsAbs(dir) || !isExecutable(filepath.Join(dir, "postgres")) {
			continue
		}
		if found, ok := f.try(ctx, dir); ok {
			return found, true
		}
	}
	return Programs{}, false
}

// lookPath is exec.LookPath over the PATH of the options; relative entries of
// PATH are left out. It returns "" when there is no such program.
func (f finder) lookPath(name string) string {
	for _, dir := range filepath.SplitList(f.Getenv("PATH")) {
		if path := filepath.Join(dir, name); filepath.IsAbs(dir) && isExecutable(path) {
			return path
		}
	}
	return ""
}

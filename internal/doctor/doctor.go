// Package doctor holds the checks of rollcall doctor: what keeps Rollcall from
// working here, and what to do about it. A check is a method or a function that adds
// to [Checks]; how they are printed is up to internal/cli.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Config is what is examined, and the ways to it. All of it is needed, but for Wrong,
// AppIDs and SideBySide.
type Config struct {
	AccountID         string
	BaseURL           string   // of the API
	AppIDs            []string // the apps that a run reads; none for all
	RequestsPerSecond float64  // most that a run sends
	Connections       int      // most that a run opens to the database
	SideBySide        int      // runs of several accounts at once; 0 for one account
	Wrong             []string // a sentence about each value that keeps the API from being asked
	SecretFiles       []SecretFile

	// Client gives a client of the API, with a budget shared through the store; nil is
	// for a warehouse that cannot be used. It is not called where anything is Wrong.
	Client func(shared extract.BudgetStore) (*extract.Client, error)
	// Locate gives the connection string of the warehouse, and the private server where
	// it is on one, which stop stops.
	Locate func(ctx context.Context) (url secret.Text, server *private.Server, stop func(), err error)
	// Privacy gives the privacy key, and how names are treated.
	Privacy func() (warehouse.Privacy, error)

	Now    func() time.Time // this machine's clock
	Logger *slog.Logger
}

// SecretFile is a file that holds a secret.
type SecretFile struct {
	Name string // variable that the secret would stand in; empty for .env, which holds any
	Path string // empty for none
}

// Examine makes every check, whatever the others find. It sends two or three requests
// to the API and writes nothing to the database but their budget. Once ctx has ended,
// what it returns means nothing.
func (c *Config) Examine(ctx context.Context) Checks {
	// The database comes first, since it holds the budget that the requests to the API
	// take from.
	var all, api, database Checks
	c.configuration(&all)
	c.files(&all)
	pool, done, current := c.database(ctx, &database)
	defer done()
	var shared *pgxpool.Pool
	if current {
		shared = pool
	}
	c.api(ctx, &api, shared)
	return append(append(all, api...), database...)
}

// configuration tells which values are wrong.
func (c *Config) configuration(to *Checks) {
	for _, text := range c.Wrong {
		to.problem("configuration", text, "set it in the environment or in .env; rollcall run --help lists all")
	}
	if len(c.Wrong) == 0 {
		to.ok("configuration", "account %s at %s, at most %.4g requests per second", c.AccountID, c.BaseURL, c.RequestsPerSecond)
	}
}

// files checks who may read the files that hold secrets.
func (c *Config) files(to *Checks) {
	for _, file := range c.SecretFiles {
		path := file.Path
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist): // a missing one is told where it is read
		case err != nil:
			to.failed("secret files", secret.Unread(file.Name, path, err), "let the user that runs rollcall read it")
		case !info.Mode().IsRegular(): // handed over by a pipe or a device
		case info.Mode().Perm()&0o077 != 0 && file.Name == "":
			to.warn("secret files", fmt.Sprintf("%s has mode %04o: others may read the secrets in it", path, info.Mode().Perm()), "chmod 600 "+path)
		case info.Mode().Perm()&0o007 != 0 && !strings.HasPrefix(path, "/run/secrets/"):
			to.warn("secret files", fmt.Sprintf("%s has mode %04o: others may read the secret in it", path, info.Mode().Perm()), "chmod 600 "+path)
		default:
			to.ok("secret files", "%s is readable by its owner only, or as its group allows", path)
		}
	}
}

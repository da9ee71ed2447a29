package cli

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// loaderCommand makes the role that the cron job logs in with.
type loaderCommand struct {
	databaseFlags `embed:""`
	passwordFlags `embed:""`

	Role         filled `env:"ROLLCALL_LOADER_ROLE" default:"rollcall_loader" placeholder:"NAME" help:"The role's name. Roles belong to the whole server: give each of several warehouses on it one of its own (${env})."`
	PasswordFile string `env:"ROLLCALL_LOADER_PASSWORD_FILE" placeholder:"FILE" help:"File with the role's password, in place of ROLLCALL_LOADER_PASSWORD; with a password the role can log in (${env})."`
	SQL          bool   `name:"sql" help:"Print the statements, for a database administrator to run, and do nothing else."`
}

// Run carries the command out.
func (c *loaderCommand) Run(s *shell) error {
	if c.SQL {
		statements, err := postgres.LoaderSQL(string(c.Role))
		if err != nil {
			return fmt.Errorf("--role: %w", err)
		}
		fmt.Fprint(s.stdout, statements)
		return nil
	}
	work := roleWork{
		command: "loader", role: string(c.Role),
		variable: "ROLLCALL_LOADER_PASSWORD", file: c.PasswordFile, passwordFlags: c.passwordFlags,
		may:    "loads: for run, backfill, serve, work, verify, status, doctor, rejects and pseudonymise; migrate, distribute, reader, loader, erase and retention need the owner of the tables",
		ensure: postgres.EnsureLoader, shell: s, databaseFlags: &c.databaseFlags,
	}
	work.afterwards = func(pool *pgxpool.Pool) error {
		excess, err := postgres.LoaderExcess(s.ctx, pool, string(c.Role))
		for _, statement := range excess {
			fmt.Fprintf(s.stdout, "everybody may do more here than the role needs, and so may it; unless somebody needs that: %s\n", oneLine(statement))
		}
		return err
	}
	return work.run()
}

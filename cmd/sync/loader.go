package main

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// loaderCommand makes the role that the cron job logs in with.
type loaderCommand struct {
	databaseFlags `embed:""`

	PasswordFile string `env:"ROLLCALL_LOADER_PASSWORD_FILE" placeholder:"FILE" help:"File with the role's password, read when ROLLCALL_LOADER_PASSWORD is empty; with a password the role can log in (${env})."`
	NewPassword  bool   `help:"Give the role a new random password and print it; it is printed nowhere else."`
	SQL          bool   `name:"sql" help:"Print the statements, for a database administrator to run, and do nothing else."`
}

// Run carries the command out.
func (c *loaderCommand) Run(s *shell) error {
	if c.SQL {
		fmt.Fprint(s.stdout, postgres.LoaderSQL())
		return nil
	}
	work := roleWork{
		command: "loader", role: postgres.Loader,
		variable: "ROLLCALL_LOADER_PASSWORD", file: c.PasswordFile, newPassword: c.NewPassword,
		may:    "loads: for run, backfill, verify, status, doctor, rejects and pseudonymise; migrate, reader, loader, erase and retention need the owner of the tables",
		ensure: postgres.EnsureLoader, shell: s, databaseFlags: &c.databaseFlags,
	}
	work.afterwards = func(pool *pgxpool.Pool) error {
		excess, err := postgres.LoaderExcess(s.ctx, pool)
		for _, statement := range excess {
			fmt.Fprintf(s.stdout, "everybody may create here, and so may it; unless somebody needs that: %s\n", oneLine(statement))
		}
		return err
	}
	return work.run()
}

package main

import (
	"crypto/rand"
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// readerCommand makes the role that BI tools log in with.
type readerCommand struct {
	databaseFlags `embed:""`

	PasswordFile string `env:"ROLLCALL_READER_PASSWORD_FILE" placeholder:"FILE" help:"File with the role's password, read when ROLLCALL_READER_PASSWORD is empty; with a password the role can log in (${env})."`
	NewPassword  bool   `help:"Give the role a new random password and print it; it is printed nowhere else."`
}

// Run carries the command out.
func (c *readerCommand) Run(s *shell) error {
	password, err := readSecret("ROLLCALL_READER_PASSWORD", c.PasswordFile)
	if err != nil {
		return err
	}
	if c.NewPassword {
		if !password.IsZero() {
			return fmt.Errorf("%w: --new-password does not go with ROLLCALL_READER_PASSWORD or --password-file", model.ErrUsage)
		}
		password = secret.New(rand.Text())
	}
	pool, closeAll, err := c.open(s.ctx, s.logger, 2)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := postgres.CheckSchema(s.ctx, pool); err != nil {
		return err
	}
	login, err := postgres.EnsureReader(s.ctx, pool, password)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "the role %s reads analytics, realtimekit and, without the raw text of rejected records, sync\n", postgres.Reader)
	switch {
	case c.NewPassword:
		fmt.Fprintf(s.stdout, "its password, shown only now: %s\n", password.Reveal())
	case !login:
		fmt.Fprintf(s.stdout, "it cannot log in: give it a password (see rollcall reader --help), or GRANT %s TO a role that can\n", postgres.Reader)
	}
	return nil
}

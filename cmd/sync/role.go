package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// roleWork makes a role of the database, or brings its rights up to date.
type roleWork struct {
	command, role  string
	variable, file string // where its password is
	newPassword    bool   // make one up and print it
	may            string // what the role may do, in words
	ensure         func(ctx context.Context, pool *pgxpool.Pool, password secret.Text) (login bool, err error)
	afterwards     func(pool *pgxpool.Pool) error // nil for nothing
	*shell                                        // where to write
	*databaseFlags
}

func (w *roleWork) run() error {
	password, err := w.password()
	if err != nil {
		return err
	}
	pool, closeAll, err := w.open(w.ctx, w.logger, 2)
	if err != nil {
		return err
	}
	defer closeAll()
	// Rights on a table that a migration changes at the same time cannot be changed.
	release, err := postgres.HoldSchema(w.ctx, pool)
	if err != nil {
		return err
	}
	defer release()
	login, err := w.ensure(w.ctx, pool, password)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "the role %s %s\n", w.role, w.may)
	switch {
	case w.newPassword:
		fmt.Fprintf(w.stdout, "its password, shown only now: %s\n", password.Reveal())
	case !login:
		fmt.Fprintf(w.stdout, "it cannot log in: give it a password (see rollcall %s --help), or GRANT %s TO a role that can\n", w.command, w.role)
	}
	if w.afterwards != nil {
		return w.afterwards(pool)
	}
	return nil
}

func (w *roleWork) password() (secret.Text, error) {
	password, err := readSecret(w.variable, w.file)
	if err != nil || !w.newPassword {
		return password, err
	}
	if !password.IsZero() {
		return password, fmt.Errorf("%w: --new-password does not go with %s or --password-file", model.ErrUsage, w.variable)
	}
	return secret.New(rand.Text()), nil
}

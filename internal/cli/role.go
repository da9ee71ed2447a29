package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// passwordFlags are those of a role's password, whichever role it is.
type passwordFlags struct {
	NewPassword       bool `help:"Give the role a new random password and print it; it is printed nowhere else."`
	PlaintextPassword bool `help:"Send the password itself, for a managed server that refuses a verifier of it. Over TLS only; the server may log it."`
	Shared            bool `help:"Change the password also where other databases of the server use the role: it is one for all of them."`
}

// roleWork makes a role of the database, or brings its rights up to date.
type roleWork struct {
	command, role  string
	variable, file string // where its password is
	may            string // what the role may do, in words
	ensure         func(context.Context, *pgxpool.Pool, postgres.Role) (postgres.RoleState, error)
	afterwards     func(pool *pgxpool.Pool) error // nil for nothing
	passwordFlags
	*shell // where to write
	*databaseFlags
}

func (w *roleWork) run() error {
	password, err := w.password()
	if err != nil {
		return err
	}
	if err := postgres.CheckRoleName(w.role); err != nil {
		return fmt.Errorf("--role: %w", err)
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
	if err := w.elsewhere(pool, !password.IsZero()); err != nil {
		return err
	}
	state, err := w.ensure(w.ctx, pool, postgres.Role{Name: w.role, Password: password, Plaintext: w.PlaintextPassword})
	if err != nil {
		return err
	}
	w.report(state, password)
	if err := w.policies(pool); err != nil {
		return err
	}
	if w.afterwards != nil {
		return w.afterwards(pool)
	}
	return nil
}

// elsewhere tells which other databases of the server use the role, before anything
// is changed: its password is one for all of them.
func (w *roleWork) elsewhere(pool *pgxpool.Pool, password bool) error {
	others, err := postgres.RoleElsewhere(w.ctx, pool, w.role)
	if err != nil || len(others) == 0 {
		return err
	}
	names := oneLine(strings.Join(others, ", "))
	if password && !w.Shared {
		return fmt.Errorf("%w: the role %s is used by other databases of this server as well (%s), and a new password would lock them out: "+
			"give this database a role of its own with --role NAME; with --shared the password is changed for all of them, which needs the ADMIN OPTION on the role since PostgreSQL 16; "+
			"without a password the role gets its rights here", model.ErrUsage, oneLine(w.role), names)
	}
	newScreen(w.shell).put("", "the role %s is used by other databases of this server as well (%s): its password opens them all; --role NAME makes one for this database alone", oneLine(w.role), names)
	return nil
}

// report says what the role may do now, and what is left for somebody else to do.
func (w *roleWork) report(state postgres.RoleState, password secret.Text) {
	newScreen(w.shell).put("", "the role %s %s", oneLine(w.role), w.may)
	if state.Unset != "" {
		newScreen(w.shell).put("", "its rights are complete; of its settings in this database these are for a superuser to make, or for a role with CREATEROLE and (since PostgreSQL 16) the ADMIN OPTION on %s:", oneLine(w.role))
		for statement := range strings.Lines(state.Unset + ";") {
			fmt.Fprintln(w.stdout, oneLine(strings.TrimRight(statement, "\n")))
		}
	}
	switch {
	case w.NewPassword:
		newScreen(w.shell).put("", "its password, shown only now: %s", password.Reveal())
	case !state.Login:
		newScreen(w.shell).put("", "it cannot log in: give it a password (see rollcall %s --help), or GRANT %s TO a role that can", w.command, oneLine(pgx.Identifier{w.role}.Sanitize()))
	}
}

// policies tells of rows that the role does not see, whatever its rights.
func (w *roleWork) policies(pool *pgxpool.Pool) error {
	policies, err := postgres.HiddenFrom(w.ctx, pool, w.role)
	if err != nil || len(policies) == 0 {
		return err
	}
	newScreen(w.shell).put("", "row-level security hides rows of %s from it, without a word; unless that is meant, run as their owner:", plural(len(policies), "table"))
	for _, statement := range policies {
		fmt.Fprintln(w.stdout, oneLine(statement+";"))
	}
	return nil
}

func (w *roleWork) password() (secret.Text, error) {
	password, err := secret.Read(w.variable, w.file)
	if err != nil || !w.NewPassword {
		if err == nil && w.PlaintextPassword && password.IsZero() {
			err = fmt.Errorf("%w: --plaintext-password needs a password: --new-password, %s or --password-file", model.ErrUsage, w.variable)
		}
		return password, err
	}
	if !password.IsZero() {
		return password, fmt.Errorf("%w: --new-password does not go with %s or --password-file", model.ErrUsage, w.variable)
	}
	return secret.New(rand.Text()), nil
}

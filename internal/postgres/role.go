package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// role is one that Rollcall makes: its name, and the statements that make it or
// bring its rights up to date.
type role struct{ name, sql string }

// setLogin takes the role's name and the verifier of its password from
// settings of the transaction, since ALTER ROLE takes no parameters.
const setLogin = `DO $$ BEGIN
	EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', current_setting('rollcall.role'), current_setting('rollcall.verifier'));
END $$`

// ensure makes the role, or brings its rights up to date. With a password the
// role can log in; without one that stays as it is, which for a new role is not.
// It tells whether the role can log in.
func (r role) ensure(ctx context.Context, pool *pgxpool.Pool, password secret.Text) (login bool, err error) {
	var verifier string
	if !password.IsZero() {
		if verifier, err = scramVerifier(r.name, password); err != nil {
			return false, err
		}
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, r.sql); err != nil {
			return err
		}
		if verifier != "" {
			_, err := tx.Exec(ctx, `SELECT set_config('rollcall.role', $1, true), set_config('rollcall.verifier', $2, true)`, r.name, verifier)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, setLogin); err != nil {
				return err
			}
		}
		return tx.QueryRow(ctx, `SELECT rolcanlogin FROM pg_roles WHERE rolname = $1`, r.name).Scan(&login)
	})
	if err != nil {
		advice := Advice(err)
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42501" {
			advice = "; the user in DATABASE_URL must own the tables and have CREATEROLE"
		}
		return false, fmt.Errorf("%w: make the role %s: %w%s", model.ErrStore, r.name, err, advice)
	}
	return login, nil
}

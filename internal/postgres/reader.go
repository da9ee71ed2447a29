package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// Reader is the role that BI tools use.
const Reader = "rollcall_reader"

//go:embed reader.sql
var readerSQL string

// EnsureReader makes the role Reader, or brings its rights up to date. With a
// password the role can log in; without one that stays as it is, which for a
// new role is not. It tells whether the role can log in.
func EnsureReader(ctx context.Context, pool *pgxpool.Pool, password secret.Text) (login bool, err error) {
	var verifier string
	if !password.IsZero() {
		if verifier, err = scramVerifier(password); err != nil {
			return false, err
		}
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, readerSQL); err != nil {
			return err
		}
		if verifier != "" {
			// A verifier consists of letters, digits and +/=$:- and needs no quoting.
			if _, err := tx.Exec(ctx, "ALTER ROLE "+Reader+" LOGIN PASSWORD '"+verifier+"'"); err != nil {
				return err
			}
		}
		return tx.QueryRow(ctx, `SELECT rolcanlogin FROM pg_roles WHERE rolname = $1`, Reader).Scan(&login)
	})
	advice := Advice(err)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		advice = "; the user in DATABASE_URL must own the tables and have CREATEROLE"
	}
	if err != nil {
		return false, fmt.Errorf("%w: make the role %s: %w%s", model.ErrStore, Reader, err, advice)
	}
	return login, nil
}

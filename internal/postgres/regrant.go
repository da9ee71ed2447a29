package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed roles_of.sql
var rolesOfSQL string

// regrant gives the roles of rollcall reader and rollcall loader their rights on what
// migrations made, so that neither has to be told of an upgrade. It names the objects:
// default privileges would reach what others make in our schemas.
func regrant(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, rolesOfSQL)
	if err != nil {
		return Failed("look for roles that read or load", err)
	}
	type grantee struct {
		Name  string
		Loads bool
	}
	roles, err := pgx.CollectRows(rows, pgx.RowToStructByPos[grantee])
	if err != nil {
		return Failed("look for roles that read or load", err)
	}
	var failed []error
	for _, r := range roles {
		ensure, command := EnsureReader, "rollcall reader"
		if r.Loads {
			ensure, command = EnsureLoader, "rollcall loader"
		}
		if _, err := ensure(ctx, pool, Role{Name: r.Name}); err != nil {
			failed = append(failed, fmt.Errorf("the schema is changed, and the role %s has no rights yet on what is new in it (afterwards run: %s --role %s): %w", r.Name, command, r.Name, err))
		}
	}
	return errors.Join(failed...)
}

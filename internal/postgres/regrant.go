package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed roles_of.sql
var rolesOfSQL string

// regrant gives the roles of rollcall reader and rollcall loader their rights on what
// migrations made, so that neither has to be told of an upgrade. It names the objects:
// default privileges would reach what others make in our schemas.
func regrant(ctx context.Context, pool *pgxpool.Pool) error {
	roles, err := Grantees(ctx, pool)
	if err != nil {
		return err
	}
	var failed []error
	for _, r := range roles {
		ensure := EnsureReader
		if r.Loads {
			ensure = EnsureLoader
		}
		if _, err := ensure(ctx, pool, Role{Name: r.Name}); err != nil {
			failed = append(failed, fmt.Errorf("the schema is changed, and the role %s has no rights yet on what is new in it (afterwards run: %s): %w", r.Name, r.Command(), err))
		}
	}
	return errors.Join(failed...)
}

// Grantee is a role that rollcall reader or rollcall loader made.
type Grantee struct {
	Name  string
	Loads bool
}

// plainName needs no quotes in a shell.
var plainName = regexp.MustCompile(`^[\w.-]+$`)

// Command is the command that gives it its rights.
func (g Grantee) Command() string {
	command, name := "rollcall reader --role ", g.Name
	if g.Loads {
		command = "rollcall loader --role "
	}
	if !plainName.MatchString(name) {
		name = "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return command + name
}

// Grantees finds the roles of rollcall reader and rollcall loader.
func Grantees(ctx context.Context, pool *pgxpool.Pool) ([]Grantee, error) {
	rows, err := pool.Query(ctx, rolesOfSQL)
	if err != nil {
		return nil, Failed("look for roles that read or load", err)
	}
	roles, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Grantee])
	return roles, Failed("look for roles that read or load", err)
}

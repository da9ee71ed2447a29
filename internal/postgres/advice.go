package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Failed says what the database did not do, and what to check. It is marked with
// model.ErrStore, unless the caller himself gave the work up: a context that was
// cancelled is no failure of the database. nil stays nil.
func Failed(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%w: %s: %w%s", model.ErrStore, doing, err, Advice(err))
}

// Advice says in one clause, which begins with a semicolon, what to check after an
// error of the database; empty where nothing can be said.
func Advice(err error) string {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case !ok:
		return "; check that the server at DATABASE_URL is running; what was committed stays, and the next run goes on"
	case pg.Code == "42501":
		return "; the role of DATABASE_URL lacks this right: use the role that ran rollcall migrate up or, for run, backfill, verify, status and rejects, that of rollcall loader"
	case pg.Code == "25006":
		return "; the server only reads, as a standby does, or the role, as rollcall_reader does: DATABASE_URL must name the primary and a role that may write"
	case pg.Code == "42P01" || pg.Code == "42703":
		return "; run rollcall migrate up"
	case pg.Code == "57014":
		return "; a statement took longer than ten minutes or was cancelled: look for a lock that is held, and for a server without room"
	case pg.Code == "55P03":
		return "; another transaction holds a lock for too long: end it, see pg_locks"
	case pg.Code == "40P01":
		return "; another transaction and this one waited for each other again and again: end the other, see pg_stat_activity"
	case pg.Code[:2] == "57" || pg.Code[:2] == "08":
		return "; the server ended the connection; what was committed stays, and the next run goes on"
	case pg.Code == "53100":
		return "; the server's disk is full: make room there"
	case pg.Code == "53300":
		return "; raise max_connections or lower ROLLCALL_CONCURRENCY"
	}
	return ""
}

package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

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
		return "; the role of DATABASE_URL lacks this right: grant it, or use the role that ran rollcall migrate up"
	case pg.Code == "25006":
		return "; the server only reads, as a standby does: DATABASE_URL must name the primary"
	case pg.Code == "42P01" || pg.Code == "42703":
		return "; run rollcall migrate up"
	case pg.Code[:2] == "57" || pg.Code[:2] == "08":
		return "; the server ended the connection; what was committed stays, and the next run goes on"
	case pg.Code == "53100":
		return "; the server's disk is full"
	case pg.Code == "53300":
		return "; raise max_connections or lower ROLLCALL_CONCURRENCY"
	}
	return ""
}

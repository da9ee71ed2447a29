package doctor

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// room checks whether a run gets its connections, of a pooler where one is in front.
func (c *Config) room(ctx context.Context, to *Checks, pool *pgxpool.Pool, f *postgres.Facts) {
	given, pooled, err := postgres.Room(ctx, pool, c.Connections)
	switch {
	case err != nil:
		to.failed("connections", err, "")
	case pooled && given < c.Connections:
		to.problem("connections", fmt.Sprintf("the pooler in front of the server gives %d at once; a run opens up to %d, and may wait for itself", given, c.Connections),
			"raise the pooler's limit (default_pool_size, max_db_connections) or lower ROLLCALL_CONCURRENCY")
	default:
		c.connections(to, f)
	}
}

// connections compares what a run opens with what is free, and what runs of several accounts
// open with what there is: those in use may be theirs.
func (c *Config) connections(to *Checks, f *postgres.Facts) {
	most, needs := c.Connections, fmt.Sprintf("a run opens up to %d", c.Connections)
	toDo := "raise max_connections or the limit (ALTER ROLE … CONNECTION LIMIT), or lower ROLLCALL_CONCURRENCY"
	if c.SideBySide > 1 {
		most *= c.SideBySide
		needs = fmt.Sprintf("runs open up to %d, %d for each of %d accounts at once", most, c.Connections, c.SideBySide)
		toDo += "; or call run for some accounts after the others (--account)"
	}
	free := f.Most - f.Used + 1 // this one is given back
	text := fmt.Sprintf("%d of %d in use; %s", f.Used, f.Most, needs)
	limit := min(orMany(f.RoleLimit), orMany(f.DatabaseLimit))
	if limit < free {
		text = fmt.Sprintf("the role or the database is limited to %d; %s", limit, needs)
	}
	if min(free, limit) < c.Connections || min(f.Most, limit) < most {
		to.problem("connections", text, toDo)
		return
	}
	to.ok("connections", "%s", text)
}

func orMany(limit int) int {
	if limit < 0 {
		return 1 << 20
	}
	return limit
}

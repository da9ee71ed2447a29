package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// machineNow is this machine's clock, which decides nothing that is stored or
// deleted. Tests put another in its place.
var machineNow = time.Now

// newWarehouse gives a warehouse that knows how far this machine's clock is wrong.
func newWarehouse(pool *pgxpool.Pool, log logger) *warehouse.DB {
	db := warehouse.New(pool, log)
	db.Clock(machineNow)
	return db
}

// dateTimeout is how long the API is asked for the time.
const dateTimeout = 10 * time.Second

// agreedTime gives the time by the database server's clock, and says which clock is
// wrong where that differs from this machine's or the API's. An API that cannot be
// reached is not asked.
func agreedTime(ctx context.Context, db *warehouse.DB, baseURL string, log logger) (now time.Time, problem string, err error) {
	if now, err = db.ServerTime(ctx); err != nil {
		return now, "", err
	}
	var api *time.Duration
	date, err := extract.Date(ctx, baseURL, dateTimeout)
	if err != nil {
		log.InfoContext(ctx, "the API did not tell the time, with which the database's could be compared", "error", err)
	} else {
		api = new(date.Sub(machineNow().Round(0)))
	}
	return now, pipeline.ClockProblem(db.ClockSkew(), api), ctx.Err()
}

// errClocks refuses to delete by a clock that may be wrong.
func errClocks(problem string) error {
	return fmt.Errorf("nothing was deleted, since it would be by a clock that may be wrong: %s, and run this again", problem)
}

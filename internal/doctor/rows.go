package doctor

import (
	"context"
	"time"

	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// rows checks that what was stored is still there.
func (c *Config) rows(ctx context.Context, to *Checks, store *inventory.Store) {
	lost, err := store.FindLost(ctx, c.AccountID)
	switch {
	case err != nil:
		to.failed("rows", err, "")
	case !lost.Any():
		to.ok("rows", "all that was stored is there: rows of sessions, enrolment, daily counts, and the usage by day")
	default:
		text := "missing though stored before: " + lost.String()
		if lost.Example != "" {
			text += "; for example " + lost.Example
		}
		to.problem("rows", text, mendLost(lost))
	}
}

// mendLost names the command that mends it: whatever day it gives, all that is
// missing is queued, and what lies outside the range is read by the next run.
func mendLost(l model.Lost) string {
	from := l.Oldest
	if from.IsZero() {
		from = time.Now().UTC()
	}
	return "rollcall backfill --full --from " + from.Add(-24*time.Hour).Format(time.DateOnly) + "; the next run reads enrolment, daily counts and peer reports"
}

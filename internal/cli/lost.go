package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// lostParts says in words what is missing, the worst first.
func lostParts(l model.Lost) string {
	var parts []string
	for _, p := range []struct {
		n    int
		text string
	}{
		{l.Sessions, "rows of %d sessions"},
		{l.Usage, "the usage by day of %d sessions"},
		{l.Meetings, "people enrolled in %d meetings"},
		{l.DailyCounts, "daily counts of %d apps"},
		{l.PeerReports, "peer reports of %d sessions"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf(p.text, p.n))
		}
	}
	return strings.Join(parts, ", ")
}

// printLost tells what a run found missing.
func printLost(w *screen, l model.Lost) {
	if !l.Any() {
		return
	}
	w.put("", "missing though stored before: %s; this run and the next read or compute it again", lostParts(l))
	if l.Example != "" {
		w.put("", "for example %s", l.Example)
	}
}

// rows checks that what was stored is still there.
func (c *doctorCommand) rows(ctx context.Context, to *checks, store *inventory.Store) {
	lost, err := store.FindLost(ctx, c.AccountID)
	switch {
	case err != nil:
		to.failed("rows", err, "")
	case !lost.Any():
		to.ok("rows", "all that was stored is there: rows of sessions, enrolment, daily counts, and the usage by day")
	default:
		text := "missing though stored before: " + lostParts(lost)
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

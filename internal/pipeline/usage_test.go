package pipeline_test

import (
	"context"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// A run brings the usage by day up to date twice in passing. The first time fails, and the run
// goes on; the second time takes the 10 sessions stored by then, and the end the others.
func TestUsageIsBroughtUpToDateInPassing(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Generate(simulator.Size{Sessions: 12, Participants: 1, EventsPerParticipant: 2}, 5, at))
	r.config.Concurrency, r.config.UsageEvery = 1, 5
	r.exec(`ALTER FUNCTION analytics.refresh(integer) RENAME TO refresh_away`)
	read, counted := 0, 0
	r.config.Observe = func(ctx context.Context, _ string, _ model.UUID) (context.Context, func(string, error)) {
		switch read++; read {
		case 7:
			r.exec(`ALTER FUNCTION analytics.refresh_away(integer) RENAME TO refresh`)
		case 12:
			counted = r.number(`SELECT coalesce(sum(sessions_started), 0) FROM analytics.daily_usage`)
		}
		return ctx, func(string, error) {}
	}
	r.mustRun(model.RunSucceeded)
	if counted != 10 {
		t.Errorf("shortly before the end the usage by day knows %d sessions, not 10", counted)
	}
	for line, times := range map[string]int{"usage by day left to the end of the run": 1, "usage by day refreshed in passing": 1, "usage by day refreshed\"": 1} {
		if n := strings.Count(r.log.String(), line); n != times {
			t.Errorf("%d times %q", n, line)
		}
	}
	if diff, err := oracle.DiffUsage(t.Context(), r.pool, r.sim); err != nil || diff != "" {
		t.Errorf("the usage by day: %v\n%s", err, diff)
	}
}

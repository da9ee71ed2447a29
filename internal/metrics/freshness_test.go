package metrics_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/metrics"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// How fresh an app is the clock of the database says, at which the books were read,
// and an app that was last listed in the future is not fresh.
func TestFreshnessByTheDatabasesClock(t *testing.T) {
	t.Parallel()
	server := time.Now().AddDate(-1, 0, 0) // this machine is a year ahead
	for name, c := range map[string]struct {
		listed    time.Duration
		low, high float64
	}{
		"an hour ago":         {-time.Hour, 3599, 3700},
		"in a moment":         {time.Second, 0, 100},
		"in the year to come": {300 * 24 * time.Hour, 299 * 86400, 301 * 86400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := server.Add(c.listed)
			path := filepath.Join(t.TempDir(), "rollcall.prom")
			err := metrics.New("acc", "v1").WriteFile(t.Context(), path, func(context.Context) (model.Books, error) {
				return model.Books{At: server, Apps: []model.AppOverview{{ID: "app", DiscoveredAt: &at}}}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			got := parse(t, path)["rollcall_app_freshness_seconds"].GetMetric()[0].GetGauge().GetValue()
			if got < c.low || got > c.high {
				t.Errorf("listed %.0f seconds ago, want %.0f to %.0f", got, c.low, c.high)
			}
		})
	}
}

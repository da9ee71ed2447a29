package oracle

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// DiffUsage is [Diff] of the usage by day, in UTC: sessions that began, the minutes that the
// vendor counts of them, and the seconds that participants were inside. It is for sessions
// that have ended, in which each stay has a joining and a leaving.
func DiffUsage(ctx context.Context, pool *pgxpool.Pool, sim *simulator.Server) (string, error) {
	stored, err := collectText(ctx, pool, `SELECT concat_ws('|', usage_date, app_id, sessions_started, round(coalesce(vendor_minutes, 0)), round(participant_seconds))
		FROM analytics.daily_usage`)
	if err != nil {
		return "", fmt.Errorf("read the usage by day: %w", err)
	}
	days := map[dayOfApp]*usage{}
	sim.View(func(d *simulator.Data) {
		for _, s := range d.AllSessions() {
			addUsage(days, s)
		}
	})
	want := make([]string, 0, len(days))
	for at, u := range days {
		want = append(want, join(at.day, at.app, fmt.Sprint(u.sessions), fmt.Sprint(math.Round(u.minutes)), fmt.Sprint(math.Round(u.inside.Seconds()))))
	}
	slices.Sort(want)
	slices.Sort(stored)
	return cmp.Diff(want, stored), nil
}

type dayOfApp struct{ day, app string }

type usage struct {
	sessions int
	minutes  float64
	inside   time.Duration
}

// addUsage adds what a session gives to the days that it touches.
func addUsage(days map[dayOfApp]*usage, s *simulator.Session) {
	on := func(t time.Time) *usage {
		at := dayOfApp{t.UTC().Format(time.DateOnly), s.AppID}
		if days[at] == nil {
			days[at] = &usage{}
		}
		return days[at]
	}
	began := on(s.StartedAt)
	began.sessions++
	began.minutes += s.MinutesConsumed
	for _, p := range s.Participants {
		var joined time.Time
		for i := range p.Events {
			switch at := wire(p.Events[i].CreatedAt); p.Events[i].EventName {
			case simulator.PeerJoining:
				joined = at
			case simulator.PeerLeaving:
				for from := joined; ; from = midnightAfter(from) {
					to := midnightAfter(from)
					if !to.Before(at) {
						on(from).inside += at.Sub(from)
						break
					}
					on(from).inside += to.Sub(from)
				}
			}
		}
	}
}

func midnightAfter(t time.Time) time.Time { return t.Truncate(24*time.Hour).AddDate(0, 0, 1) }

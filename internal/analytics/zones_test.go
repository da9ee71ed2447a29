package analytics_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
)

// JDBC sets the session's time zone to that of its machine. No view answers otherwise
// for it: its rows, kept under each zone, are those that UTC gives.
func TestViewsAreTheSameInEveryZone(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	m := &maker{Rand: rand.New(rand.NewPCG(17, 17))}
	var world []*session
	for n := range 40 {
		world = append(world, m.session(n))
	}
	db.store(world...)
	db.prices(m)
	db.refresh(100)
	db.exec(`INSERT INTO realtimekit.daily_stats (app_id, stats_date, total_sessions, total_session_minutes, first_synced_at, synced_at, run_id)
			SELECT app_id, d::date, 1, 2, now(), now(), (SELECT min(run_id) FROM sync.runs) FROM realtimekit.apps,
				generate_series('2026-10-31'::timestamp, '2026-11-30', '1 day') AS d;
		INSERT INTO sync.endpoint_states (app_id, endpoint, asked_at, read_at, asked_from, covered_from, run_id)
			SELECT app_id, 'daywise', now(), now(), '2026-01-01', '2026-01-01', (SELECT min(run_id) FROM sync.runs) FROM realtimekit.apps
		ON CONFLICT DO NOTHING`)
	views := db.lines(`SELECT c.relname FROM pg_class AS c WHERE c.relkind = 'v' AND c.relnamespace = 'analytics'::regnamespace`)
	if len(views) < len(contract) {
		t.Fatalf("only the views %v", views)
	}
	// In one transaction, so that now() is the same.
	db.exec(`BEGIN; SET LOCAL timezone = 'UTC'`)
	filled := 0
	for _, view := range views {
		view = pgx.Identifier{"analytics", view[1 : len(view)-1]}.Sanitize()
		kept := func(zone string) []string {
			db.exec(`SELECT set_config('timezone', $1, true)`, zone)
			db.exec(`CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM ` + view)
			db.exec(`SET LOCAL timezone = 'UTC'`)
			lines := db.lines(`SELECT * FROM kept`)
			db.exec(`DROP TABLE kept`)
			slices.Sort(lines)
			return lines
		}
		want := kept("UTC")
		if len(want) > 0 {
			filled++
		}
		for _, zone := range []string{"Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"} {
			db.want(view+" in "+zone, kept(zone), want)
		}
	}
	if filled < len(views)-4 {
		t.Errorf("only %d of %d views have rows", filled, len(views))
	}
}

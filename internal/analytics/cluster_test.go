package analytics_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// On a cluster each view has the rows that it has on one server, of random data as well: as it
// is stored, after some of it was changed and deleted, and after an app was moved to another
// time zone. What one server shows is proven against Go.
func TestRandomDataOnACluster(t *testing.T) {
	t.Parallel()
	url, _ := pgtest.NewCluster(t)
	pool := pgtest.Open(t, url, 4)
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Distribute(t.Context(), pool, 4); err != nil {
		t.Fatal(err)
	}
	kolkata := base.Add(-5*time.Hour - 30*time.Minute) // around midnight there
	one, many := newDatabaseAt(t, kolkata), connectAt(t, url, kolkata)
	steps := map[*database]*randomSteps{}
	for _, db := range []*database{one, many} {
		db.exec(`SET timezone = 'UTC'`) // as the nodes have it, where rows become texts
		steps[db] = &randomSteps{db: db, m: &maker{Rand: rand.New(rand.NewPCG(23, 5))}}
	}
	for _, step := range []struct {
		name string
		do   func(*randomSteps)
	}{{"stored", (*randomSteps).store}, {"changed", (*randomSteps).change}, {"moved", (*randomSteps).move}} {
		for _, db := range []*database{one, many} {
			step.do(steps[db])
			db.refresh(100)
		}
		sameViews(t, step.name, one, many)
	}
}

// randomSteps does the same on each of two servers.
type randomSteps struct {
	db    *database
	m     *maker
	world []*session
}

func (r *randomSteps) store() {
	for n := range 600 {
		r.world = append(r.world, r.m.session(n))
	}
	r.db.store() // the apps
	r.db.exec(`INSERT INTO sync.account_zones (account_id, time_zone) VALUES ('account', 'Asia/Kolkata')`)
	r.db.exec(`INSERT INTO analytics.settings (app_id, person_by, nobody_ids, machine_presets, machine_names)
		VALUES ('b', 'user_id', '{u3,c2}', '{host-camera}', '{Recorder,Ana}')`)
	r.db.store(r.world...)
	r.db.refresh(100)
	r.db.timeLessons(r.db.school(r.m, r.world))
	r.db.prices(r.m)
}

// change queues what is gone by hand: a cluster has no triggers that would.
func (r *randomSteps) change() {
	for _, s := range r.world {
		r.db.exec(`INSERT INTO analytics.stale_sessions (session_id) VALUES ($1)`, s.id)
	}
	r.world = r.db.replaceSome(r.m, r.world)
}

func (r *randomSteps) move() {
	r.db.exec(`UPDATE analytics.settings SET time_zone = 'Asia/Karachi', person_by = NULL WHERE app_id = 'b'`)
}

// sameViews compares all views, and what is kept of sessions and days.
func sameViews(t *testing.T, when string, one, many *database) {
	t.Helper()
	questions := []string{`SELECT * FROM analytics.people_between('2026-03-01', '2026-04-01')`}
	for _, view := range pgtest.Texts(t, one.conn, `SELECT relname::text FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'v' ORDER BY 1`) {
		questions = append(questions, `SELECT * FROM analytics.`+view)
	}
	for _, table := range []string{"session_figures", "session_people", "session_person_days", "session_presences", "session_dates", "usage_ids", "shared_person_days"} {
		questions = append(questions, fmt.Sprintf(`SELECT to_jsonb(t) - 'derived_at' AS row FROM analytics.%s AS t`, table))
	}
	filled := 0
	for _, sql := range questions {
		want, err := pgtest.Shown(t, one.conn, sql)
		if err != nil {
			t.Fatalf("%s on one server: %v", sql, err)
		}
		filled += min(len(want), 1)
		got, err := pgtest.Shown(t, many.conn, sql)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %s differs (- on one server, + on the cluster), %v:\n%.1500s", when, sql, err, diff)
		}
	}
	if filled < len(questions)-4 {
		t.Errorf("%s: only %d of %d questions have rows", when, filled, len(questions))
	}
}

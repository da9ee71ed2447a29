package analytics_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// TestDaysTileTime has every time zone of the server and the days of eighteen years beside
// which its clocks are changed: a day ends where the next begins, and all quarters of an
// hour between are of it.
func TestDaysTileTime(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	one := sampling.Size(6, 1) // of so many zones
	db.exec(`CREATE TEMP TABLE days AS
		WITH weeks AS (
			SELECT z.name, w AS week, w AT TIME ZONE z.name - w AT TIME ZONE 'UTC' AS ahead
			FROM pg_timezone_names AS z CROSS JOIN generate_series(timestamptz '2020-01-01 12:00Z', '2037-12-31 12:00Z', interval '168 hours') AS w
			WHERE z.name !~ '^(posix|right)/' AND mod(hashtext(z.name), $1) = 0
		), changes AS (
			SELECT name, (week AT TIME ZONE 'UTC')::date AS week FROM (SELECT *, lead(ahead) OVER (PARTITION BY name ORDER BY week) AS then_ahead FROM weeks) AS w
			WHERE ahead <> then_ahead
		)
		SELECT d.*, analytics.day_starts_at(usage_date, name) AS from_at, analytics.day_starts_at(usage_date + 1, name) AS to_at
		FROM (SELECT DISTINCT name, week + n AS usage_date FROM changes CROSS JOIN generate_series(-2, 9) AS n) AS d`, one)
	// Antarctica/Casey once moved by three hours.
	db.want("days", db.lines(`SELECT name, usage_date, from_at, to_at FROM days
		WHERE to_at - from_at NOT BETWEEN interval '21 hours' AND interval '27 hours'
		   OR analytics.day_of(from_at - interval '1 microsecond', name) <> usage_date - 1 OR analytics.day_of(to_at - interval '1 microsecond', name) <> usage_date
		   OR to_at - from_at <> interval '24 hours' AND EXISTS (
			SELECT FROM generate_series(from_at, to_at - interval '1 microsecond', interval '15 minutes') AS m WHERE analytics.day_of(m, name) <> usage_date)
		ORDER BY 1, 2 LIMIT 20`), nil)
	if n := db.number(`SELECT count(*) FROM days WHERE to_at - from_at <> interval '24 hours'`); n < 5000/one {
		t.Errorf("only %d days are not of 24 hours: the question says too little", n)
	}
}

// TestRefreshCountsSharedPeopleOnce has ten people in every session of seventeen days: the
// statement that finds who is in several looks at each of their stays a few times, not
// once for each person and day. The plans are those that the function itself runs.
func TestRefreshCountsSharedPeopleOnce(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for statement := range strings.SplitSeq(crowd, ";\n") {
		db.exec(statement)
	}
	conn := explaining(t, db)
	for _, zone := range []string{"UTC", "Asia/Kolkata"} {
		if _, err := conn.Exec(t.Context(), `INSERT INTO analytics.settings (app_id, time_zone) VALUES ('a', $1) ON CONFLICT (app_id, meeting_id) DO UPDATE SET time_zone = $1`, zone); err != nil {
			t.Fatal(err)
		}
		plans := conn.refresh()
		found := false
		for _, p := range plans {
			if !strings.Contains(p.Text, "shared_person_days AS s USING (app_id") {
				continue
			}
			found = true
			// 4,000 people of sessions, each with two stays of two ends, alone and merged.
			if n := p.Plan.summed(); n > 40*4000 {
				t.Errorf("%s: %.0f rows were summed up for 4,000 people of sessions", zone, n)
			}
		}
		if !found {
			t.Fatalf("of %d plans none is of people in several sessions", len(plans))
		}
	}
}

// summed gives how many rows the aggregates of a plan were fed, all times together.
func (p *plan) summed() (rows float64) {
	for i := range p.Plans {
		if p.Node == "Aggregate" {
			rows += p.Plans[i].Rows * p.Plans[i].Loops
		}
		rows += p.Plans[i].summed()
	}
	return rows
}

// TestRecountKnowsTheZone lost what a session added to its days: those that are counted
// anew are days of its app, not of UTC.
func TestRecountKnowsTheZone(t *testing.T) {
	t.Parallel()
	db := newDatabase(t) // from 23:45 on the 10th
	db.store()
	db.exec(`INSERT INTO analytics.settings (app_id, time_zone) VALUES ('a', 'Pacific/Auckland')`)
	s := ended(1, 1440, peer(1, "ana", join(0), leave(1440))) // from 12:45 on the 11th for twelve hours there
	db.store(s)
	db.refresh(500)
	const days = `SELECT usage_date, is_stale, person_seconds FROM analytics.usage_days`
	db.want("days", db.lines(days), []string{"(2026-03-11,f,40500)", "(2026-03-12,f,2700)"})
	db.exec(`DELETE FROM analytics.session_dates`)
	db.exec(`UPDATE analytics.usage_days SET person_us = 0, person_seconds = 0`)
	db.exec(warehouse.RecountSQL, []string{s.id})
	db.want("days in doubt", db.lines(days), []string{"(2026-03-11,t,0)", "(2026-03-12,t,0)"})
	db.exec(`INSERT INTO analytics.stale_sessions (session_id) VALUES ($1)`, s.id)
	db.refresh(500)
	db.want("days again", db.lines(days), []string{"(2026-03-11,f,40500)", "(2026-03-12,f,2700)"})
}

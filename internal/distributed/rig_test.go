package distributed

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// migrated gives a pool on a warehouse.
func migrated(tb testing.TB, url string) *pgxpool.Pool {
	tb.Helper()
	pool := pgtest.Open(tb, url, 8)
	if _, err := postgres.MigrateUp(tb.Context(), pool); err != nil {
		tb.Fatal(err)
	}
	return pool
}

// distributed gives a pool on a warehouse whose tables Citus has.
func distributed(tb testing.TB) (pool *pgxpool.Pool, url string) {
	tb.Helper()
	url, _ = pgtest.NewCluster(tb)
	pool = migrated(tb, url)
	if _, err := postgres.Distribute(tb.Context(), pool, 8); err != nil {
		tb.Fatal(err)
	}
	return pool, url
}

// at is the moment around which the data lies, by every clock but the servers'.
var at = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

func now() time.Time { return at }

// ended gives the demo's data but for the session that is live: until when it lasts depends
// on when it is read.
func ended() *simulator.Data {
	data := simulator.Demo(1, at)
	for i := range data.Apps {
		data.Apps[i].Sessions = slices.DeleteFunc(data.Apps[i].Sessions, func(s *simulator.Session) bool { return s.Status == simulator.StatusLive })
	}
	return data
}

// fill loads them over the whole path.
func fill(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	load(t, pool, ended(), pipeline.Optional{Enrolment: true, Daywise: true, PeerReports: true, Recordings: true})
}

func load(tb testing.TB, pool *pgxpool.Pool, data *simulator.Data, with pipeline.Optional) {
	tb.Helper()
	p := testbed.Path(tb, pool, simulator.New(data, simulator.Options{Token: testbed.Token, Now: now}), data.AccountID, now)
	if _, err := p.Run(tb.Context(), pipeline.Plan{Kind: "run", Optional: with}); err != nil {
		tb.Fatal(err)
	}
}

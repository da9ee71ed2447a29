package distributed

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// BenchmarkLoad has one server and a cluster take the same sessions in turn, and tells how
// many times as long the cluster took, and how many times as much CPU all processes together,
// the simulated API included: for a first run, one without anything new, and for reading all
// sessions again. BENCH_SESSIONS takes so many sessions of BENCH_PEOPLE, each of a meeting of
// its own, in place of the demo's; BENCH_SHARDS is how many parts a table has.
func BenchmarkLoad(b *testing.B) {
	pgtest.ClusterURL(b)
	from := at.AddDate(0, -3, 0)
	plans := []struct {
		name string
		pipeline.Plan
	}{
		{"first", pipeline.Plan{Kind: model.KindRun, Since: from}},
		{"idle", pipeline.Plan{Kind: model.KindRun, Since: from}},
		{"again", pipeline.Plan{Kind: model.KindBackfill, From: from, Full: true}},
	}
	took, cpu := make([][2]time.Duration, len(plans)), make([][2]time.Duration, len(plans))
	for range b.N {
		many, nodes := pgtest.NewCluster(b)
		for server, urls := range [][]string{{pgtest.New(b)}, append([]string{many}, nodes...)} {
			pool := pgtest.Open(b, urls[0], 12)
			if server == 1 {
				place(b, pool, size(b, "BENCH_SHARDS", 8))
			}
			data := benchData(b)
			p := testbed.Path(b, pool, simulator.New(data, simulator.Options{Token: testbed.Token, Now: now}), data.AccountID, now)
			processes := serversOf(b, urls...)
			for i, plan := range plans {
				before, began := processes.cpu(), time.Now()
				if _, err := p.Run(b.Context(), plan.Plan); err != nil {
					b.Fatal(err)
				}
				took[i][server] += time.Since(began)
				cpu[i][server] += processes.cpu() - before
			}
		}
	}
	for i, plan := range plans {
		b.ReportMetric(float64(took[i][1])/float64(took[i][0]), plan.name+"-ratio")
		b.ReportMetric(took[i][1].Seconds()/float64(b.N), plan.name+"-s")
		b.ReportMetric(float64(cpu[i][1])/float64(max(cpu[i][0], 1)), plan.name+"-cpu-ratio")
		b.ReportMetric(cpu[i][1].Seconds()/float64(b.N), plan.name+"-cpu-s")
	}
}

func place(tb testing.TB, pool *pgxpool.Pool, shards int) {
	tb.Helper()
	if _, err := postgres.MigrateUp(tb.Context(), pool); err != nil {
		tb.Fatal(err)
	}
	if _, err := postgres.Distribute(tb.Context(), pool, shards); err != nil {
		tb.Fatal(err)
	}
}

func benchData(b *testing.B) *simulator.Data {
	b.Helper()
	sessions := size(b, "BENCH_SESSIONS", 0)
	if sessions == 0 {
		return ended()
	}
	return simulator.Generate(simulator.Size{Sessions: sessions, Participants: size(b, "BENCH_PEOPLE", 500), EventsPerParticipant: 5}, 1, at)
}

// size is what the environment says, or the usual number.
func size(b *testing.B, name string, usual int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

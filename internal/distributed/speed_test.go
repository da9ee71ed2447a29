package distributed

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// BenchmarkLoad has one server and a cluster take the same sessions in turn, and tells how
// many times as long the cluster took: for a first run, one without anything new, and for
// reading all sessions again.
func BenchmarkLoad(b *testing.B) {
	pgtest.ClusterURL(b)
	plans := []struct {
		name string
		pipeline.Plan
	}{
		{"first", pipeline.Plan{Kind: model.KindRun}},
		{"idle", pipeline.Plan{Kind: model.KindRun}},
		{"again", pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(0, -1, 0), Full: true}},
	}
	took := make([][2]time.Duration, len(plans))
	for range b.N {
		many, _ := distributed(b)
		for server, pool := range []*pgxpool.Pool{pgtest.Open(b, pgtest.New(b), 12), many} {
			data := ended()
			p := testbed.Path(b, pool, simulator.New(data, simulator.Options{Token: testbed.Token, Now: now}), data.AccountID, now)
			for i, plan := range plans {
				began := time.Now()
				if _, err := p.Run(b.Context(), plan.Plan); err != nil {
					b.Fatal(err)
				}
				took[i][server] += time.Since(began)
			}
		}
	}
	for i, plan := range plans {
		b.ReportMetric(float64(took[i][1])/float64(took[i][0]), plan.name+"-ratio")
		b.ReportMetric(took[i][1].Seconds()/float64(b.N), plan.name+"-s")
	}
}

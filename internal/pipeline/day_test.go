package pipeline_test

import (
	"os"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// A day of cron in virtual time, a run each quarter of an hour, while sessions
// begin, fill, end, are corrected and vanish: no run fails, the process does not
// grow, and in the end the cron runs alone have brought everything.
// ROLLCALL_PROOF=long lives through two weeks.
//
//nolint:paralleltest // what the process grows by must be this test's own
func TestADayOfCronRuns(t *testing.T) {
	sampling.Long(t)
	sampling.Once(t)
	runs := 96
	if os.Getenv("ROLLCALL_PROOF") == "long" {
		runs *= 14
	}
	w := newWeek(t, 24)
	w.config.Concurrency = 4
	var requests int64
	read, rows, warm := 0, 0, growth{}
	for i := range runs {
		w.sim.Update(func(d *simulator.Data) { w.Happen(d) })
		w.sim.Reset()
		w.log.Reset()
		result := w.cron()
		requests += result.Summary.Requests
		read, rows = read+result.Totals.SessionsRead(), rows+result.Totals.Inserted
		if i == runs/4 {
			warm = grown()
		}
		w.pass(15 * time.Minute)
	}
	now := grown()
	t.Logf("%d runs: %d requests, %d readings of sessions, %d rows; heap %d KiB, then %d KiB; goroutines %d, then %d",
		runs, requests, read, rows, warm.heap>>10, now.heap>>10, warm.goroutines, now.goroutines)
	if now.heap > 2*warm.heap+1<<20 || now.goroutines > warm.goroutines+3 {
		t.Errorf("the process grew from %+v to %+v", warm, now)
	}
	// A list an app and run, one of the apps, and for each reading its pages.
	if most := int64(runs*(1+len(w.data.Apps)*8) + 3*read); requests > most {
		t.Errorf("%d requests, at most %d are needed", requests, most)
	}
	for range 2 { // what was gone when it was read waits for up to a day
		w.pass(25 * time.Hour)
		w.cron()
	}
	w.compare()
}

func (w *week) cron() pipeline.Result {
	w.t.Helper()
	result, err := w.run(w.t.Context(), pipeline.Plan{Kind: model.KindRun})
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.log)
	}
	return result
}

package pipeline_test

import (
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

// A first run leaves out what was created before Since, and the runs after it neither
// fetch that nor leave out what changes later. A backfill brings the rest.
func TestSinceBoundsTheFirstRun(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	since := at.Add(-36 * time.Hour)
	var later, all int
	for i := range r.data.Apps {
		for _, s := range r.data.Apps[i].Sessions {
			all++
			if !s.CreatedAt.Before(since) {
				later++
			}
		}
	}
	plan := pipeline.Plan{Kind: model.KindRun, Since: since}
	if got := r.preview(plan); len(got.Sessions) != later || later == 0 || later == all {
		t.Errorf("the preview has %d sessions, want %d of %d", len(got.Sessions), later, all)
	}
	if n := r.number("SELECT count(*) FROM sync.runs"); n != 0 {
		t.Errorf("the preview left %d runs in the ledger", n)
	}
	r.must(plan, model.RunSucceeded)
	if n := r.number("SELECT count(*) FROM realtimekit.sessions"); n != later {
		t.Errorf("%d sessions are stored, want %d", n, later)
	}
	// Later runs go by the watermark: Since has no effect any more, lookback and all.
	r.must(pipeline.Plan{Kind: model.KindRun, Since: at}, model.RunSucceeded)
	r.must(pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-10, 0, 0)}, model.RunSucceeded)
	if n := r.number("SELECT count(*) FROM realtimekit.sessions"); n != all {
		t.Errorf("%d sessions are stored after the backfill, want %d", n, all)
	}
}

// The preview of a run has the session that no list shows any more and that is still
// open.
func TestPreviewOfARunHasWhatIsUnfinished(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	r.mustRun(model.RunSucceeded)
	r.exec(`UPDATE sync.app_states SET watermark = watermark - interval '1 hour'`)
	before := r.number("SELECT count(*) FROM sync.session_states WHERE settled_at IS NULL")
	if got := r.preview(pipeline.Plan{Kind: model.KindRun}); len(got.Sessions)+len(got.Unfinished) != before || before == 0 {
		t.Errorf("listed %d, by id %d, want %d together", len(got.Sessions), len(got.Unfinished), before)
	}
	r.exec(`UPDATE sync.session_states SET settled_at = NULL WHERE session_id = (SELECT session_id FROM realtimekit.sessions ORDER BY created_at LIMIT 1)`)
	if got := r.preview(pipeline.Plan{Kind: model.KindRun}); len(got.Unfinished) != 1 {
		t.Errorf("by id: %v, want one", got.Unfinished)
	}
}

// preview tells what a plan would do.
func (r *rig) preview(plan pipeline.Plan) pipeline.Preview {
	r.t.Helper()
	client := r.client()
	defer client.Close()
	got, err := pipeline.New(r.config, client, stores.Open(r.pool, r.logger), r.logger).Preview(r.t.Context(), plan, r.extract.PerPage)
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

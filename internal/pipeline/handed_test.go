package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

// Of the sessions that a list hands on it is told which are new, and which are stored whole
// as they are listed: these may wait for the job that they have.
func TestHandedSessionsTellWhatIsStored(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	app := &r.data.Apps[0]
	client := r.client()
	defer client.Close()
	parts := stores.Open(r.pool, r.logger)
	handed := func() map[string]model.DueSession {
		t.Helper()
		run := model.Run{AccountID: r.data.AccountID, Kind: model.KindWork, StartedAt: time.Now()}
		var err error
		if run.ID, err = parts.Ledger.StartRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		all := map[string]model.DueSession{}
		shift := pipeline.New(r.config, client, parts, r.logger).NewShift(run, time.Time{})
		if _, err := shift.App(t.Context(), app.ID, func(_ context.Context, due []model.DueSession) error {
			for _, d := range due {
				all[d.ID.String()] = d
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	first := handed()
	if len(first) != len(app.Sessions) {
		t.Errorf("%d sessions were handed on, want all %d", len(first), len(app.Sessions))
	}
	for id, d := range first {
		if !d.IsNew || d.IsSame {
			t.Errorf("session %s is new and not the same: %+v", id, d)
		}
	}
	again := `UPDATE sync.session_states SET settled_at = NULL; UPDATE sync.app_states SET watermark = NULL`
	pgtest.Exec(t, r.pool, again) // nobody has read what was handed on
	r.mustRun(model.RunSucceeded)
	pgtest.Exec(t, r.pool, again)
	changed := app.Sessions[0]
	r.sim.Update(func(*simulator.Data) { changed.MeetingTitle += " (moved)" })
	same := 0
	for id, d := range handed() {
		var complete bool
		if err := r.pool.QueryRow(t.Context(), `SELECT complete_at IS NOT NULL FROM sync.session_states WHERE session_id = $1`, id).Scan(&complete); err != nil {
			t.Fatal(err)
		}
		if want := complete && id != changed.ID; d.IsNew || d.IsSame != want {
			t.Errorf("session %s: %+v, want it known, and the same: %v", id, d, want)
		}
		if d.IsSame {
			same++
		}
	}
	if same == 0 {
		t.Error("no session was the same, so the test shows nothing")
	}
}

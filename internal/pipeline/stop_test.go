package pipeline_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func TestWrongTokenStopsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(13, at))
	r.sim.Script(simulator.Fault{Answer: simulator.GatewayError(http.StatusForbidden, 10000, "Authentication error")})
	_, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun})
	if !errors.Is(err, model.ErrRefused) || !strings.Contains(err.Error(), "Realtime permission") {
		t.Errorf("the error is %v", err)
	}
	if got := r.sim.Stats().Requests; got != 1 {
		t.Errorf("%d requests were sent, want 1", got)
	}
	if got := r.text(`SELECT status || ': ' || error FROM sync.runs`); !strings.HasPrefix(got, "failed: list the apps: GET /apps: status 403") {
		t.Errorf("the ledger says %q", got)
	}
}

func TestSpentBudgetEndsTheRunResumable(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(15, at))
	r.budget.MaxWait = time.Second
	r.sim.Script(simulator.Fault{Path: "*/participants", Nth: 5, Answer: simulator.RateLimited(5 * time.Minute)})
	_, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun})
	if !errors.Is(err, model.ErrBudgetSpent) || !pipeline.Resumable(err) {
		t.Fatalf("the error is %v", err)
	}
	if got := r.text(`SELECT status FROM sync.runs`); got != model.RunPartial {
		t.Errorf("the ledger says %q", got)
	}
	r.sim.Script()
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
}

func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(16, at))
	inside, proceed := make(chan struct{}), make(chan struct{})
	r.sim.Script(simulator.Fault{Path: "*/apps", Nth: 1, Answer: func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		close(inside)
		<-proceed
		next.ServeHTTP(w, req)
	}})
	first := make(chan error, 1)
	go func() {
		_, err := r.run(context.WithoutCancel(t.Context()), pipeline.Plan{Kind: model.KindRun})
		first <- err
	}()
	<-inside
	if _, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun}); !errors.Is(err, model.ErrLocked) {
		t.Errorf("a second run gave %v", err)
	}
	// A backfill has its own lock and goes on beside the run.
	r.must(pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0)}, model.RunSucceeded)
	close(proceed)
	if err := <-first; err != nil {
		t.Errorf("the first run: %v", err)
	}
	r.exact(nil)
}

// dlt-hub/dlt#4023: what was committed is in the ledger though the process died.
// meltano/meltano#9947: a run that was killed blocks no later one.
func TestRunThatWasCutOffIsClosedByTheNext(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(17, at))
	r.mustRun(model.RunSucceeded)
	r.number(`WITH cut AS (UPDATE sync.runs SET status = 'running', finished_at = NULL, rows_inserted = 0, sessions_read = 0 RETURNING 1) SELECT count(*) FROM cut`)
	r.mustRun(model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM sync.runs WHERE status = 'abandoned' AND sessions_read = 60 AND error IS NOT NULL
		AND rows_inserted = (SELECT sum(rows_inserted) FROM sync.run_sessions WHERE run_id = sync.runs.run_id)`); got != 1 {
		t.Error("the run that was cut off is not closed with its sums")
	}
}

func TestStopKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(18, at))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r.sim.Script(simulator.Fault{Path: "*/participants", Nth: 20, Do: func(*simulator.Data) { stop() }})
	_, err := r.run(ctx, pipeline.Plan{Kind: model.KindRun})
	if !errors.Is(err, context.Canceled) || !pipeline.Resumable(err) {
		t.Fatalf("the error is %v", err)
	}
	if got := r.text(`SELECT status || ' ' || (finished_at IS NOT NULL)::text FROM sync.runs`); got != "partial true" {
		t.Errorf("the ledger says %q", got)
	}
	done := r.number(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NOT NULL`)
	if done == 0 || done == 60 {
		t.Errorf("%d sessions were committed before the stop, want some", done)
	}
	r.sim.Script()
	r.sim.Reset()
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
	if got := r.sim.Stats().ByRoute[simulator.RouteParticipants]; got >= 72-done {
		t.Errorf("%d participant pages were read after %d sessions were complete", got, done)
	}
}

// A run whose end cannot be entered into the ledger tells no sums, and says what
// failed; the sessions are stored all the same.
func TestRunThatCannotCloseItsLedgerTellsNoSums(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(22, at))
	r.sim.Script(simulator.Fault{Path: "*/participants", Nth: 9, Do: func(*simulator.Data) {
		if _, err := r.pool.Exec(context.WithoutCancel(t.Context()), `ALTER TABLE sync.runs RENAME TO runs_away`); err != nil {
			t.Error(err)
		}
	}})
	result, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun})
	if !errors.Is(err, model.ErrStore) || result.Run.ID != 0 {
		t.Errorf("got %+v, %v", result, err)
	}
	r.exact(nil)
}

// Nor does a stop hide that the ledger could not be closed.
func TestStopThatCannotCloseItsLedgerIsAFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(22, at))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r.sim.Script(simulator.Fault{Path: "*/participants", Nth: 9, Do: func(*simulator.Data) {
		if _, err := r.pool.Exec(context.WithoutCancel(t.Context()), `ALTER TABLE sync.runs RENAME TO runs_away`); err != nil {
			t.Error(err)
		}
		stop()
	}})
	_, err := r.run(ctx, pipeline.Plan{Kind: model.KindRun})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, model.ErrStore) || pipeline.Resumable(err) {
		t.Errorf("got %v", err)
	}
}

// breakApp makes the list of an app fail for good, besides other faults, and gives
// its id.
func (r *rig) breakApp(besides ...simulator.Fault) (id string) {
	r.t.Helper()
	r.extract.RetryFor = 0
	r.sim.View(func(d *simulator.Data) { id = d.Apps[0].ID })
	r.sim.Script(append(besides, simulator.Fault{Path: "*/" + id + "/sessions", Answer: simulator.KitError(500, "tired")})...)
	return id
}

// One app whose list cannot be had keeps no other from being read.
func TestBrokenAppKeepsNoOtherFromBeingRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(24, at))
	broken := r.breakApp()
	if _, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun}); err == nil || !strings.Contains(err.Error(), broken) {
		t.Errorf("got %v", err)
	}
	r.exact(func(s *simulator.Session) bool { return s.AppID != broken })
}

// A failing app keeps a backfill and a verification from no other app either, and
// holds the checkpoint, so that the same command reads it later.
func TestBackfillGoesRoundABrokenApp(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(24, at))
	broken := r.breakApp()
	plan := pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), To: at}
	if _, err := r.run(t.Context(), plan); err == nil || !strings.Contains(err.Error(), broken) {
		t.Errorf("the backfill gave %v", err)
	}
	r.exact(func(s *simulator.Session) bool { return s.AppID != broken })
	result, err := r.verify(t.Context(), pipeline.VerifyPlan{From: plan.From, To: plan.To})
	if err == nil || !strings.Contains(err.Error(), broken) || result.Compared == 0 {
		t.Errorf("the verification compared %d sessions and gave %v", result.Compared, err)
	}
	r.sim.Script()
	r.must(plan, model.RunSucceeded)
	r.exact(func(s *simulator.Session) bool { return s.CreatedAt.Before(plan.To) })
}

// A budget that is spent later does not hide that an app failed.
func TestSpentBudgetHidesNoFailingApp(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(24, at))
	r.budget.MaxWait = time.Second
	broken := r.breakApp(simulator.Fault{Path: "*/participants", Answer: simulator.RateLimited(5 * time.Minute)})
	r.config.AppIDs = []string{broken} // asked first
	r.sim.View(func(d *simulator.Data) {
		for _, a := range d.Apps[1:] {
			r.config.AppIDs = append(r.config.AppIDs, a.ID)
		}
	})
	result, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun})
	if err == nil || !strings.Contains(err.Error(), broken) || !errors.Is(err, model.ErrBudgetSpent) || pipeline.Resumable(err) {
		t.Errorf("got %v", err)
	}
	if result.Status != model.RunFailed || !strings.Contains(result.Summary.Error, broken) {
		t.Errorf("the ledger says %q: %s", result.Status, result.Summary.Error)
	}
}

// A spent budget does not hide that the database fails as well.
func TestFailingDatabaseIsNotResumable(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		model.ErrBudgetSpent: true, model.ErrLocked: true, context.Canceled: true, model.ErrStore: false,
		errors.Join(model.ErrBudgetSpent, model.ErrStore): false, errors.Join(context.Canceled, model.ErrStore): false,
	} {
		if got := pipeline.Resumable(err); got != want {
			t.Errorf("%v: %t, want %t", err, got, want)
		}
	}
}

// A correction of a settled session that cannot be read, again and again, is read
// once it can be, also when the session is no longer listed by then.
func TestFailedCorrectionIsReadLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(28, at))
	r.mustRun(model.RunSucceeded)
	var id string
	r.sim.Update(func(d *simulator.Data) {
		s := newestEnded(d)
		id = s.ID
		s.UpdatedAt = s.UpdatedAt.Add(time.Minute)
		s.Participants[0].DisplayName = "Corrected"
	})
	r.extract.RetryFor = 0
	r.sim.Script(simulator.Fault{Path: "*" + id + "/participants", Answer: simulator.KitError(500, "tired")})
	r.mustRun(model.RunPartial)
	r.sim.Script()
	r.config.Lookback = 0
	r.mustRun(model.RunSucceeded)
	if n := r.number(`SELECT count(*) FROM realtimekit.participants WHERE session_id = $1 AND display_name = 'Corrected'`, id); n != 1 {
		t.Error("the correction was not read")
	}
}

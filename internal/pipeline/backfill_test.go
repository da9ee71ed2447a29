package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func TestFullBackfillOfUnchangedDataWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(3, at))
	all := pipeline.Plan{Kind: model.KindBackfill, From: at.Add(-30 * 24 * time.Hour)}
	first := r.must(all, model.RunSucceeded)
	r.exact(nil)
	before := r.versions()

	r.sim.Reset()
	if again := r.must(all, model.RunSucceeded); again.Totals.SessionsRead() != 1 {
		t.Errorf("%d sessions read again, want the live one only", again.Totals.SessionsRead())
	}
	all.Full = true
	full := r.must(all, model.RunSucceeded)
	if full.Totals.SessionsRead() != first.Totals.SessionsRead() || full.Totals.Unchanged != first.Totals.Read {
		t.Errorf("the full backfill counted %+v after %+v", full.Totals, first.Totals)
	}
	if r.versions() != before {
		t.Error("a full backfill of unchanged data wrote rows")
	}
}

func TestBackfillTakesItsRangeOnly(t *testing.T) {
	t.Parallel()
	for name, column := range sampling.Named(1, map[string]simulator.TimeColumn{
		"created": simulator.OnCreated, "started": simulator.OnStarted, "ended": simulator.OnEnded,
	}) {
		t.Run("api compares "+name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, simulator.Demo(4, at))
			r.sim.SetDialect(simulator.Dialect{StartTimeOn: column})
			plan := pipeline.Plan{Kind: model.KindBackfill, From: at.Add(-10 * 24 * time.Hour), To: at.Add(-2 * 24 * time.Hour)}
			// Sessions whose start lies well before their creation, at the
			// range's first moment and at the border of two chunks.
			r.sim.Update(func(d *simulator.Data) {
				for i, created := range []time.Time{plan.From, plan.From.Add(7 * 24 * time.Hour)} {
					s := d.Apps[0].Sessions[i]
					s.CreatedAt, s.StartedAt, s.EndedAt = created, created.Add(-time.Hour), created.Add(time.Hour)
				}
			})
			r.must(plan, model.RunSucceeded)
			r.exact(func(s *simulator.Session) bool {
				return !s.CreatedAt.Before(plan.From) && s.CreatedAt.Before(plan.To)
			})
			if r.number(`SELECT count(*) FROM realtimekit.sessions`) == 0 {
				t.Error("the range holds no session, so the test shows nothing")
			}
		})
	}
}

func TestBackfillOfNamedSessions(t *testing.T) {
	t.Parallel()
	for _, dialect := range []simulator.Dialect{{}, {NestedDetail: true, EndedAtStringNull: true}} {
		t.Run(fmt.Sprintf("nested=%t", dialect.NestedDetail), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, simulator.Demo(5, at))
			r.sim.SetDialect(dialect)
			var wanted []model.UUID
			named := map[string]bool{}
			r.sim.View(func(d *simulator.Data) {
				for i := range d.Apps {
					id := d.Apps[i].Sessions[0].ID
					named[id] = true
					wanted = append(wanted, mustUUID(t, id))
				}
			})
			r.must(pipeline.Plan{Kind: model.KindBackfill, Sessions: wanted}, model.RunSucceeded)
			r.exact(func(s *simulator.Session) bool { return named[s.ID] })

			unknown := mustUUID(t, "00000000-1111-4222-8333-444444444444")
			_, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindBackfill, Sessions: []model.UUID{unknown}})
			if !errors.Is(err, model.ErrNotFound) || !strings.Contains(err.Error(), unknown.String()) {
				t.Errorf("an unknown session gave %v", err)
			}
		})
	}
}

func mustUUID(t *testing.T, text string) model.UUID {
	t.Helper()
	id, err := model.ParseUUID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A backfill that was stopped goes on from its checkpoint, even where everything
// is asked for again. PostHog/posthog#67648: progress after any stop.
func TestStoppedBackfillGoesOnFromItsCheckpoint(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(21, at))
	r.config.Concurrency = 1
	plan := pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(0, 0, -20), Full: true}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.sim.Script(simulator.Fault{Path: "*/participants", Nth: 40, Do: func(*simulator.Data) { cancel() }})
	if _, err := r.run(ctx, plan); !errors.Is(err, context.Canceled) {
		t.Fatalf("the stopped backfill gave %v", err)
	}
	done := r.number(`SELECT count(*) FROM realtimekit.sessions JOIN sync.backfills USING (app_id) WHERE created_at < checkpoint`)
	if done == 0 {
		t.Fatal("no session lies before a checkpoint, so the test shows nothing")
	}
	r.sim.Script()
	again := r.must(plan, model.RunSucceeded)
	r.exact(nil)
	if got := again.Totals.SessionsRead(); got > 60-done {
		t.Errorf("%d sessions were read after %d of 60 were done", got, done)
	}
	if got := r.number(`SELECT count(*) FROM sync.backfills`); got != 0 {
		t.Errorf("%d checkpoints are left of a finished backfill", got)
	}
	if got := r.must(plan, model.RunSucceeded).Totals.SessionsRead(); got != 60 {
		t.Errorf("the same command, once done, read %d sessions, want all", got)
	}
}

// A session that failed before the stop is read when the backfill goes on, and a
// checkpoint never lies behind it.
// meltano/meltano#8579: what failed is not marked as done.
func TestFailedSessionHoldsTheCheckpoint(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(23, at))
	r.config.Concurrency = 1
	plan := pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(0, 0, -20)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.sim.Script(
		simulator.Fault{Path: "*/participants", Nth: 2, Answer: simulator.KitError(http.StatusNotFound, "No session found")},
		simulator.Fault{Path: "*/participants", Nth: 40, Do: func(*simulator.Data) { cancel() }})
	if _, err := r.run(ctx, plan); !errors.Is(err, context.Canceled) {
		t.Fatalf("the stopped backfill gave %v", err)
	}
	r.sim.Script()
	r.must(plan, model.RunSucceeded)
	r.exact(nil)
}

func TestUnknownSessionKeepsNoOtherFromBeingRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(25, at))
	var known string
	r.sim.View(func(d *simulator.Data) { known = d.Apps[1].Sessions[0].ID })
	unknown := "00000000-1111-4222-8333-444444444444"
	_, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindBackfill, Sessions: []model.UUID{mustUUID(t, unknown), mustUUID(t, known)}})
	if !errors.Is(err, model.ErrNotFound) || !strings.Contains(err.Error(), unknown) {
		t.Errorf("got %v", err)
	}
	r.exact(func(s *simulator.Session) bool { return s.ID == known })
}

// An app that gives no answer keeps a session that another one has from nobody,
// and is not taken for its owner.
func TestFailingAppHidesNoSessionOfAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(29, at))
	r.extract.RetryFor = 0
	var known string
	var faults []simulator.Fault
	r.sim.View(func(d *simulator.Data) {
		known = d.Apps[1].Sessions[0].ID
		for _, broken := range []string{d.Apps[0].ID, d.Apps[2].ID} { // one of them is asked first
			faults = append(faults, simulator.Fault{Path: "*/" + broken + "/sessions/*", Answer: simulator.KitError(500, "tired")})
		}
	})
	r.sim.Script(faults...)
	plan := pipeline.Plan{Kind: model.KindBackfill, Sessions: []model.UUID{mustUUID(t, known)}}
	if _, found := r.mustVerify(pipeline.VerifyPlan{Sessions: plan.Sessions}); found[known] != pipeline.FoundMissing {
		t.Errorf("before it is read a verification finds %v", found)
	}
	r.must(plan, model.RunSucceeded)
	r.exact(func(s *simulator.Session) bool { return s.ID == known })

	// What no app gave may be a broken one's: that is told, and nobody is blamed.
	unknown := "00000000-1111-4222-8333-444444444444"
	plan.Sessions = []model.UUID{mustUUID(t, unknown)}
	if _, err := r.run(t.Context(), plan); err == nil || errors.Is(err, model.ErrNotFound) || !strings.Contains(err.Error(), unknown) || !strings.Contains(err.Error(), "tired") {
		t.Errorf("got %v", err)
	}
	if n := r.number(`SELECT count(*) FROM sync.session_states WHERE session_id = $1`, unknown); n != 0 {
		t.Error("a session that nobody gave was entered in the books")
	}
}

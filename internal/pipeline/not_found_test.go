package pipeline_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// An app that never had a session may answer 404 for their list. It is one without
// sessions when that is said twice, and its run succeeds; once is no answer, and of an
// app with sessions it is not believed.
func TestListThatIsNotFoundMayBeEmpty(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 2, Participants: 3}, 17, at)
	unused := data.Apps[1]
	sessions := unused.Sessions
	unused.Sessions = nil
	r := newRig(t, data)
	none := simulator.Fault{Path: "*/" + unused.ID + "/sessions", Answer: simulator.KitError(404, "No sessions found")}
	r.sim.Script(none)
	r.mustRun(model.RunSucceeded)
	if !strings.Contains(r.log.String(), "taken for an app without sessions") {
		t.Error("that an app was taken for one without sessions is not told")
	}
	if got := r.text(`SELECT coalesce(last_error, 'none') FROM sync.app_states WHERE app_id = '` + unused.ID + `'`); got != "none" {
		t.Errorf("the app has failed: %s", got)
	}

	once := none
	once.Times = 1
	r.sim.Script(once)
	r.sim.Update(func(d *simulator.Data) { d.Apps[1].Sessions = sessions })
	r.mustRun(model.RunPartial)
	r.sim.Script()
	r.mustRun(model.RunSucceeded)

	r.sim.Script(none)
	r.mustRun(model.RunPartial)
}

// So may the list of the participants of a session in which nobody ever was. Of any other
// it is a failure.
func TestParticipantsThatAreNotFoundMayBeNone(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 2, Participants: 3}, 19, at)
	empty, full := data.Apps[0].Sessions[0], data.Apps[0].Sessions[1]
	empty.Participants, empty.MaxConcurrent, empty.MinutesConsumed = nil, 0, 0
	r := newRig(t, data)
	none := simulator.KitError(404, "No participants found")
	r.sim.Script(simulator.Fault{Path: "*/" + empty.ID + "/participants", Answer: none})
	r.mustRun(model.RunSucceeded)
	r.exact(nil)
	if got := r.number(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NOT NULL`); got != 2 {
		t.Errorf("%d sessions are complete", got)
	}
	for _, byIDs := range []bool{false, true} {
		if result, err := r.verify(t.Context(), pipeline.VerifyPlan{ByIDs: byIDs}); err != nil || len(result.Differences) > 0 {
			t.Errorf("by ids %v: %v, %+v", byIDs, err, result.Differences)
		}
	}
	r.sim.Script(simulator.Fault{Path: "*/" + full.ID + "/participants", Answer: none})
	r.must(pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), Full: true}, model.RunPartial)
	if got := r.number(`SELECT count(*) FROM realtimekit.participants WHERE removed_at IS NULL`); got != 3 {
		t.Errorf("%d participants are left", got)
	}
}

// Nor is it none where the vendor counts minutes of participants, or says that some are
// inside, whatever it says of the peak: the session would be called complete without them.
func TestNobodyIsFoundOfWhomTheVendorCounts(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]func(*simulator.Session){
		"minutes":    func(s *simulator.Session) { s.MinutesConsumed = 1.5 },
		"are inside": func(s *simulator.Session) { s.LiveParticipants = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 3}, 19, at)
			s := data.Apps[0].Sessions[0]
			s.Participants, s.MaxConcurrent, s.MinutesConsumed = nil, 0, 0
			says(s)
			r := newRig(t, data)
			r.sim.Script(simulator.Fault{Path: "*/" + s.ID + "/participants", Answer: simulator.KitError(404, "No participants found")})
			r.mustRun(model.RunPartial)
			if got := r.number(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NOT NULL`); got != 0 {
				t.Error("the session is called complete")
			}
		})
	}
}

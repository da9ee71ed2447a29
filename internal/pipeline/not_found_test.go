package pipeline_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
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

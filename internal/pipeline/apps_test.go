package pipeline_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// missingApps verifies and gives the apps that the API does not list.
func (r *rig) missingApps() string {
	r.t.Helper()
	result, _ := r.mustVerify(pipeline.VerifyPlan{})
	var apps []string
	for _, d := range result.Differences {
		if d.Findings[0].Kind == pipeline.FoundAppMissing {
			apps = append(apps, d.AppID)
		}
	}
	return strings.Join(apps, " ")
}

// An app may be deleted at the vendor: a run warns of it once, none is spoilt by it.
func TestAppThatIsNotListedAnyMore(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 6, Participants: 2, EventsPerParticipant: 2}, 61, at)
	r := newRig(t, data)
	r.mustRun(model.RunSucceeded)
	if missing := r.missingApps(); missing != "" {
		t.Errorf("missing while all are listed: %s", missing)
	}
	kept, gone := data.Apps[0].ID, data.Apps[1].ID
	stored := r.text(`SELECT count(*)::text FROM realtimekit.sessions WHERE app_id = $1`, gone)
	r.sim.Update(func(d *simulator.Data) { d.Apps = d.Apps[:1] })
	r.newLog()
	r.mustRun(model.RunSucceeded)
	if log := r.log.String(); !strings.Contains(log, `"app_id":"`+gone+`"`) || !strings.Contains(log, `"sessions_stored":`+stored) {
		t.Errorf("the log does not say which app is not listed, with %s sessions:\n%s", stored, log)
	}
	if missing := r.missingApps(); missing != gone {
		t.Errorf("missing %q, want %s", missing, gone)
	}
	warned := func() int { return strings.Count(r.log.String(), `"level":"WARN","msg":"the list of apps lacks`) }
	r.mustRun(model.RunSucceeded)
	if n := warned(); n != 1 {
		t.Errorf("two runs warned %d times, want once", n)
	}
	r.sim.Update(func(d *simulator.Data) { d.Apps = d.Apps[:2] }) // it is back
	r.mustRun(model.RunSucceeded)
	r.sim.Update(func(d *simulator.Data) { d.Apps = d.Apps[:1] })
	r.mustRun(model.RunSucceeded)
	if n := warned(); n != 2 {
		t.Errorf("warned %d times, want again after the app was back", n)
	}
	// Apps that are named are not looked up in the list.
	r.config.AppIDs = []string{kept}
	r.newLog()
	r.mustRun(model.RunSucceeded)
	if strings.Contains(r.log.String(), gone) {
		t.Error("the log tells of an app although the apps are named")
	}
	if missing := r.missingApps(); missing != "" {
		t.Errorf("missing %s although the apps are named", missing)
	}
}

// That all apps are gone is not believed: it is asked again, and makes the run
// partial. An account without any is none of that.
func TestEmptyListOfAppsIsNotBelieved(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 4, Participants: 2, EventsPerParticipant: 2}, 61, at)
	r := newRig(t, data)
	none := simulator.Fault{Path: "*/apps", Answer: simulator.Reply(http.StatusOK, nil, `{"success":true,"data":null}`)}
	r.sim.Script(none)
	r.mustRun(model.RunSucceeded)
	r.sim.Script()
	r.mustRun(model.RunSucceeded)
	for _, body := range []string{`{"success":true,"data":null}`, `{"success":true,"data":[],"paging":{"total_count":0,"start_offset":0,"end_offset":0}}`} {
		none.Answer = simulator.Reply(http.StatusOK, nil, body)
		r.sim.Script(none)
		r.mustRun(model.RunPartial)
		if missing := r.missingApps(); missing != data.Apps[0].ID+" "+data.Apps[1].ID && missing != data.Apps[1].ID+" "+data.Apps[0].ID {
			t.Errorf("%s: missing %q", body, missing)
		}
		// Once is a slip.
		none.Times = 1
		r.sim.Script(none)
		r.mustRun(model.RunSucceeded)
		none.Times = 0
	}
}

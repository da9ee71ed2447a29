package pipeline_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// A record of a list that cannot be used is told once, though the lists of two chunks show
// it, and whatever is stored of its session is no second difference.
func TestVerifyTellsOnceOfARecordThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 6, Participants: 3, EventsPerParticipant: 2}, 61, at)
	r := newRig(t, data)
	r.mustRun(model.RunSucceeded)
	bad := data.Apps[0].Sessions[2]
	r.sim.Update(func(*simulator.Data) { bad.Extra = simulator.Extra{"updated_at": json.RawMessage(`"yesterday"`)} })
	// The first chunk ends within a day of the session, and so does the list of the second begin.
	result, found := r.mustVerify(pipeline.VerifyPlan{From: bad.CreatedAt.Add(-7*24*time.Hour - time.Hour)})
	sameFindings(t, "a record", found, map[string]string{bad.ID: "set_aside"})
	if len(result.Differences) != 1 {
		t.Errorf("%d differences, want one: %+v", len(result.Differences), result.Differences)
	}
}

// Of a list that does not add up what it shows is compared, and nothing is called done: the
// same command asks for all of it again.
func TestVerifyGoesOverAListThatDoesNotAddUpAgain(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 6, Participants: 3, EventsPerParticipant: 2}, 61, at)
	r := newRig(t, data)
	r.mustRun(model.RunSucceeded)
	r.config.AppIDs = []string{data.Apps[0].ID}
	r.sim.SetDialect(simulator.Dialect{RepeatLastPage: true})
	result, err := r.verify(t.Context(), pipeline.VerifyPlan{})
	if err != nil || result.Status != model.RunPartial || result.Compared != 6 {
		t.Fatalf("%s with %d sessions compared, want partial with 6: %v", result.Status, result.Compared, err)
	}
	if !slices.ContainsFunc(result.Differences, func(d pipeline.Difference) bool {
		return d.SessionID.IsZero() && d.AppID == data.Apps[0].ID && d.Findings[0].Kind == pipeline.FoundList
	}) {
		t.Errorf("nothing says that the list of the app does not add up: %+v", result.Differences)
	}
	if n := r.number(`SELECT count(*) FROM sync.verifications`); n != 0 {
		t.Errorf("%d checkpoints were left of a list that cannot be trusted", n)
	}
	r.sim.SetDialect(simulator.Dialect{})
	result, found := r.mustVerify(pipeline.VerifyPlan{})
	if len(found) != 0 || result.Resumed || result.Compared != 6 {
		t.Errorf("the next one: %+v", result)
	}
}

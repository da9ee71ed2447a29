package pipeline_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// A session that is asked for by name belongs to one account: the API of another, which does
// not know it, says nothing about it, and where both are asked that is no failure.
func TestNamedSessionOfAnotherAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Generate(simulator.Size{Apps: 2, Sessions: 4, Participants: 2, EventsPerParticipant: 1}, 5, at))
	if _, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun}); err != nil {
		t.Fatal(err)
	}
	r.exec(`UPDATE realtimekit.apps SET account_id = 'another' WHERE app_id = $1`, r.data.Apps[1].ID)
	r.config.AppIDs = []string{r.data.Apps[0].ID}
	var ids []model.UUID // one of each
	for i := range r.data.Apps {
		id, err := model.ParseUUID(r.data.Apps[i].Sessions[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for _, several := range []bool{true, false} {
		result, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindBackfill, Sessions: ids, OfMany: several})
		if result.Totals.SessionsRead() != 1 || result.Totals.Failed != 0 || !saysElsewhere(err, !several) {
			t.Errorf("backfill, several %v: %+v, %v", several, result.Totals, err)
		}
		verified, err := r.verify(t.Context(), pipeline.VerifyPlan{Sessions: ids, OfMany: several})
		if verified.Compared != 1 || len(verified.Differences) != 0 || !saysElsewhere(err, !several) {
			t.Errorf("verify, several %v: %+v, %v", several, verified, err)
		}
	}
}

func saysElsewhere(err error, want bool) bool {
	if err == nil {
		return !want
	}
	return want && strings.Contains(err.Error(), "under another account, another")
}

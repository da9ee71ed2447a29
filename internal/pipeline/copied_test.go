package pipeline_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// withoutSequences leaves the warehouse as a copy has it that has the rows and not
// the positions of the numbered columns.
func (r *rig) withoutSequences() {
	r.t.Helper()
	for _, column := range []string{"sync.runs ALTER run_id", "sync.rejected_records ALTER rejected_id", "sync.erasures ALTER erasure_id", "analytics.prices ALTER price_id"} {
		r.exec(`ALTER TABLE ` + column + ` RESTART WITH 1`)
	}
}

// In such a copy the next run works, and so does whatever numbers rows after it.
func TestRunInACopyWithoutSequences(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 4, Participants: 3, EventsPerParticipant: 3}, 81, at)
	spoil := func(session int) {
		p := data.Apps[0].Sessions[session].Participants[1]
		p.Extra = simulator.Extra{"joined_at": []byte(`"not a time"`), "id": []byte(`"not an id"`)}
	}
	spoil(0)
	r := newRig(t, data)
	r.privacy.Key = newKey(t, "first")
	r.exec(`INSERT INTO analytics.prices (valid_from, price_per_minute, currency) VALUES ('2026-01-01', 1, 'EUR')`)
	r.mustRun(model.RunPartial)
	r.mustRun(model.RunSucceeded)
	r.erase(erasure.Erasure{CustomIDs: []string{data.Apps[0].Sessions[1].Participants[0].CustomParticipantID}, Mode: privacy.Remove})
	r.withoutSequences()
	r.sim.Update(func(*simulator.Data) { spoil(2) })
	r.newLog()
	r.must(allHistory, model.RunPartial)
	r.withoutSequences()
	r.sim.Update(func(*simulator.Data) { spoil(3) })
	r.must(allHistory, model.RunPartial)
	for _, column := range []string{"sync.runs.run_id", "sync.rejected_records.rejected_id", "sync.erasures.erasure_id", "analytics.prices.price_id"} {
		if !strings.Contains(r.log.String(), naming.Real(column)) {
			t.Errorf("the log does not tell of %s:\n%s", column, r.log)
		}
	}
	if n := r.number(`SELECT count(*) FROM sync.rejected_records`); n < 2 {
		t.Errorf("%d records are set aside, want the new one too", n)
	}
	r.exec(`INSERT INTO analytics.prices (valid_from, price_per_minute, currency) VALUES ('2026-02-01', 1, 'EUR')`)
	r.withoutSequences()
	if did := r.erase(erasure.Erasure{CustomIDs: []string{data.Apps[0].Sessions[1].Participants[2].CustomParticipantID}, Mode: privacy.Remove}); did.Participants == 0 {
		t.Errorf("erased %+v", did)
	}
}

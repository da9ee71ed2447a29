package pipeline_test

import (
	"encoding/json"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Names can be left out from the start, and later; they never come in again
// unless that is asked for.
func TestNamesArePseudonymised(t *testing.T) {
	t.Parallel()
	data := aviary()
	data.Apps[0].Sessions[1].Participants[3].Extra = simulator.Extra{"full_name": json.RawMessage(`"Canary Wren"`), "tries": json.RawMessage(`3`)}
	data.Apps[0].Sessions[1].Participants[4].Extra = simulator.Extra{"display_name": json.RawMessage(`"Canary Wren\u0000"`)}
	data.Apps[0].Sessions[1].Participants[4].Events[0].Extra = simulator.Extra{"by": json.RawMessage(`"Canary Wren"`)}
	fromStart := newRig(t, data)
	fromStart.privacy = warehouse.Privacy{Key: newKey(t, "first"), Names: warehouse.NamesPseudonymised}
	fromStart.must(withEverything(), model.RunPartial)
	fromStart.noSecrets(canaryName, "Wren")
	const sets = `SELECT string_agg(concat_ws(' ', session_id, participant_id, display_name, extra, repairs), E'\n' ORDER BY session_id, participant_id) FROM realtimekit.participants`
	if n := fromStart.number(`SELECT count(DISTINCT display_name) FROM realtimekit.participants WHERE custom_participant_id = $1`, canaryCustom); n != 1 {
		t.Errorf("the canary has %d pseudonyms", n)
	}
	if n := fromStart.number(`SELECT count(*) FROM realtimekit.participants WHERE display_name !~ '^name-[a-z2-7]{16}$' OR display_name IS NULL`); n != 0 {
		t.Errorf("%d names are none", n)
	}
	fromStart.privacy.Names = "" // the warehouse remembers
	versions := fromStart.versions() + fromStart.optionalVersions()
	fromStart.must(allHistory, model.RunPartial)
	if fromStart.versions()+fromStart.optionalVersions() != versions {
		t.Error("reading again wrote rows")
	}

	later := newRig(t, data)
	later.privacy.Key = newKey(t, "first")
	later.must(withEverything(), model.RunPartial)
	if _, err := later.pool.Exec(t.Context(), `INSERT INTO analytics.settings (app_id, machine_names) SELECT app_id, ARRAY[$1, 'Recorder'] FROM realtimekit.apps`, canaryName); err != nil {
		t.Fatal(err)
	}
	later.privacy.Names = warehouse.NamesPseudonymised
	db := later.protected()
	if _, err := erasure.New(db).PseudonymiseNames(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	later.log.Reset()
	later.noSecrets(canaryName, "Wren")
	if _, err := db.RefreshAnalytics(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := later.number(`SELECT count(*) FROM analytics.session_people WHERE person_id = $1`, canaryCustom); n != 0 {
		t.Errorf("a machine by its name is a person in %d sessions now that names are hashed", n)
	}
	if got, want := later.text(sets), fromStart.text(sets); got != want {
		t.Errorf("pseudonymised later:\n%s\nfrom the start:\n%s", got, want)
	}
	rows := later.versions() + later.optionalVersions()
	later.must(allHistory, model.RunPartial)
	if later.versions()+later.optionalVersions() != rows {
		t.Error("reading all again wrote rows")
	}
	if again, err := erasure.New(db).PseudonymiseNames(t.Context(), false); err != nil || again != (erasure.NameCounts{}) {
		t.Errorf("a second time changed %+v: %v", again, err)
	}
	// A record that was set aside is understood later: its name stays hashed.
	if _, err := later.pool.Exec(t.Context(), `UPDATE sync.rejected_records SET raw_text = replace(raw_text, '"yesterday"', 'null')`); err != nil {
		t.Fatal(err)
	}
	if got := later.retry(); got.Loaded != 2 {
		t.Errorf("retry: %+v", got)
	}
	later.noSecrets(canaryName)
	later.privacy.Names = warehouse.NamesPlain
	later.must(allHistory, model.RunPartial)
	if n := later.number(`SELECT count(*) FROM realtimekit.participants WHERE display_name = $1`, canaryName); n != 5 {
		t.Errorf("%d names are back, want 5", n)
	}
}

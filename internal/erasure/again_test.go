package erasure_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// protect gives the bench a key.
func protect(t *testing.T, b *testbed.Bench, p warehouse.Privacy) {
	t.Helper()
	var err error
	if p.Key, err = privacy.NewKey(secret.New(strings.Repeat("k", privacy.MinKeyBytes))); err != nil {
		t.Fatal(err)
	}
	if err := b.DB.Protect(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// victim lets the first statement that changes a table be the victim of a deadlock. What
// counts is not rolled back: a sequence is not.
func victim(t *testing.T, b *testbed.Bench, table string) {
	t.Helper()
	pgtest.Exec(t, b.Pool, `CREATE SEQUENCE public.changes; CREATE FUNCTION public.victim() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
			IF nextval('public.changes') = 1 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END IF;
			RETURN NULL;
		END$$;
		CREATE TRIGGER victim AFTER INSERT OR UPDATE OR DELETE ON `+table+` EXECUTE FUNCTION public.victim()`)
}

// Whoever is the victim of a deadlock does it again: nobody is to start a cron job anew by
// hand for that. What is told of it is counted once.
func TestTheVictimOfADeadlockGoesOn(t *testing.T) {
	t.Parallel()
	ana := testbed.Participant(2, "Ana", testbed.T0)
	ana.CustomParticipantID = "ana@school.example"
	for table, do := range map[string]func(t *testing.T, b *testbed.Bench){
		"sync.session_states": func(t *testing.T, b *testbed.Bench) {
			t.Helper()
			protect(t, b, warehouse.Privacy{})
			did, err := erasure.New(b.DB).Erase(t.Context(), erasure.Erasure{CustomIDs: []string{ana.CustomParticipantID}, Mode: privacy.Remove})
			if err != nil || did.Participants != 1 || did.Sessions != 1 {
				t.Errorf("%+v, %v", did, err)
			}
		},
		"sync.retention_horizons": func(t *testing.T, b *testbed.Bench) {
			t.Helper()
			did, err := erasure.New(b.DB).Retain(t.Context(), "acc", testbed.T0.AddDate(0, 0, 10), false, func(erasure.RetentionCounts) {})
			if err != nil || did.Sessions != 1 || did.Participants != 1 {
				t.Errorf("%+v, %v", did, err)
			}
		},
		"analytics.timetable": func(t *testing.T, b *testbed.Bench) { // when meetings were counted
			t.Helper()
			did, err := erasure.New(b.DB).Retain(t.Context(), "acc", testbed.T0.AddDate(0, 0, 10), false, func(erasure.RetentionCounts) {})
			if err != nil || did.Meetings != 1 || did.Sessions != 1 {
				t.Errorf("%+v, %v", did, err)
			}
		},
		"sync.runs": func(t *testing.T, b *testbed.Bench) { // the last statement
			t.Helper()
			did, err := erasure.New(b.DB).Retain(t.Context(), "acc", testbed.T0.AddDate(0, 0, 10), false, func(erasure.RetentionCounts) {})
			if err != nil || did.Sessions != 1 {
				t.Errorf("%+v, %v", did, err)
			}
		},
		"analytics.session_people": func(t *testing.T, b *testbed.Bench) { // when participants were counted
			t.Helper()
			protect(t, b, warehouse.Privacy{Names: warehouse.NamesPseudonymised, Replacing: true})
			did, err := erasure.New(b.DB).PseudonymiseNames(t.Context(), false)
			if err != nil || did.Participants != 1 {
				t.Errorf("%+v, %v", did, err)
			}
		},
	} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			b := testbed.New(t)
			b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{ana}})
			victim(t, b, table)
			do(t, b)
			if got := b.Text(`SELECT (last_value > 1)::text FROM public.changes`); got != "true" {
				t.Error("nothing was done again")
			}
		})
	}
}

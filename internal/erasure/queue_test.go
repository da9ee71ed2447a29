package erasure_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// What jobs say of why they failed names the person no more, whatever else it says, in the
// order in which they failed.
func TestErasedPeopleAreGoneFromTheErrorsOfJobs(t *testing.T) {
	t.Parallel()
	for _, mode := range []privacy.Mode{privacy.Remove, privacy.Pseudonymise} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			b := testbed.New(t)
			protect(t, b, warehouse.Privacy{})
			ana := testbed.Participant(2, "Ana", testbed.T0)
			ana.CustomParticipantID = `ana "a" \o/@school.example`
			b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{ana}})
			pgtest.Exec(t, b.Pool, `INSERT INTO rollcall_queue.river_job (kind, queue, max_attempts, state, args, errors) VALUES
				('optional_reads', 'account_acc', 10, 'retryable', '{}', ARRAY[
					jsonb_build_object('at', '2026-11-20T15:00:00Z', 'attempt', 1, 'error', 'GET /peers/`+ana.ID.String()+`: "no", {\}', 'trace', ''),
					jsonb_build_object('at', '2026-11-20T15:00:01Z', 'attempt', 2, 'error', 'of ana "a" \o/@school.example', 'trace', '')]),
				('list_app', 'account_acc', 10, 'retryable', '{}', ARRAY[jsonb_build_object('attempt', 1, 'error', 'GET /peers/'||gen_random_uuid())]),
				('list_apps', 'account_acc', 10, 'available', '{}', NULL)`)
			did, err := erasure.New(b.DB).Erase(t.Context(), erasure.Erasure{CustomIDs: []string{ana.CustomParticipantID}, Mode: mode})
			if err != nil || did.MaskedTexts != 1 {
				t.Errorf("%+v, %v", did, err)
			}
			const errors = `SELECT string_agg(e ->> 'attempt' || ' ' || (e ->> 'error'), '|' ORDER BY n)
				FROM rollcall_queue.river_job, unnest(errors) WITH ORDINALITY AS e (e, n) WHERE kind = 'optional_reads'`
			if got := b.Text(errors); got != `1 GET /peers/[erased]: "no", {\}|2 of [erased]` {
				t.Errorf("left is %s", got)
			}
		})
	}
}

// What the ledger keeps of a failure that came about before an erasure, or was noted by a
// program that had not heard of it, names nobody who was erased.
func TestFailuresThatAreNotedLaterNameNobody(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	protect(t, b, warehouse.Privacy{})
	ana := testbed.Participant(2, "Ana", testbed.T0)
	ana.CustomParticipantID = "ana.smith@school.example"
	b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{ana}})
	other := &testbed.Bench{T: t, Pool: b.Pool, DB: warehouse.New(b.Pool, slog.New(slog.DiscardHandler))}
	protect(t, other, warehouse.Privacy{})
	if _, err := erasure.New(other.DB).Erase(t.Context(), erasure.Erasure{CustomIDs: []string{ana.CustomParticipantID}, Mode: privacy.Remove}); err != nil {
		t.Fatal(err)
	}
	reason := "status 500: no peer " + ana.ID.String() + " of ana.smith@school.example, see bob.smith@school.example"
	err := errors.Join(
		b.Store.FailSession(t.Context(), b.Run, testbed.Session(1), reason, model.Present),
		b.Ledger.SaveDiscovery(t.Context(), b.Run, "app", testbed.T0, reason))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Ledger.FinishRun(t.Context(), b.Run, model.RunSummary{Status: model.RunFailed, Error: reason}); err != nil {
		t.Fatal(err)
	}
	const want = "status 500: no peer [erased] of [erased], see bob.smith@school.example"
	for _, kept := range []string{
		`SELECT last_error FROM sync.session_states WHERE last_error IS NOT NULL`,
		`SELECT last_error FROM sync.app_states WHERE last_error IS NOT NULL`,
		`SELECT error FROM sync.runs WHERE error LIKE 'status%'`,
	} {
		if got := b.Text(kept); got != want {
			t.Errorf("%s gave %q", kept, got)
		}
	}
}

package erasure_test

import (
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

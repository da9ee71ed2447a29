package optional_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/optional"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// A page of enrolled people shows late whose a stored row is, and its transaction is the
// victim of a deadlock. The next try erases the row all the same, and counts nobody twice.
func TestErasedPeopleStayOutWhereAPageIsStoredAgain(t *testing.T) {
	t.Parallel()
	for mode, want := range map[privacy.Mode]string{privacy.Remove: "ben, cem, dan", privacy.Pseudonymise: "ben, cem, dan, erased"} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.MustLoad(testbed.Session(1))
			key, err := privacy.NewKey(secret.New(strings.Repeat("k", privacy.MinKeyBytes)))
			if err != nil {
				t.Fatal(err)
			}
			if err := b.DB.Protect(t.Context(), warehouse.Privacy{Key: key}); err != nil {
				t.Fatal(err)
			}
			if _, err := erasure.New(b.DB).Erase(t.Context(), erasure.Erasure{CustomIDs: []string{"ana@school.example"}, Mode: mode}); err != nil {
				t.Fatal(err)
			}
			meeting := testbed.Session(1).MeetingID
			store := optional.New(b.DB)
			if _, err := store.SavePeople(t.Context(), b.Run, "app", meeting, []model.MeetingParticipant{{ID: "ana", DisplayName: "Ana"}}); err != nil {
				t.Fatal(err)
			}
			pgtest.Exec(t, b.Pool, `CREATE SEQUENCE public.stored; CREATE FUNCTION public.victim() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
					IF nextval('public.stored') = 1 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END IF;
					RETURN NULL;
				END$$;
				CREATE TRIGGER victim AFTER INSERT ON realtimekit.meeting_participants EXECUTE FUNCTION public.victim()`)
			counts, err := store.SavePeople(t.Context(), b.Run, "app", meeting, []model.MeetingParticipant{
				{ID: "ana", CustomParticipantID: "ana@school.example", DisplayName: "Ana"}, {ID: "ben"}, {ID: "cem"}, {ID: "dan"},
			})
			if people := strings.Count(want, ",") + 1; err != nil || counts.Read != people {
				t.Errorf("%+v, %v", counts, err)
			}
			if got := b.Text(`SELECT string_agg(split_part(meeting_participant_id, '-', 1), ', ' ORDER BY meeting_participant_id) FROM realtimekit.meeting_participants`); got != want {
				t.Errorf("stored are %s", got)
			}
		})
	}
}

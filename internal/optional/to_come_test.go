package optional_test

import (
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/optional"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// A stored record that claimed to be of a year to come is newer than nothing, or no
// correction of it would ever be taken.
func TestUpdateThatWasStillToCome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead time.Duration
		want  string
	}{
		"years ahead": {24 * 365 * 73 * time.Hour, "second second second"},
		"hours ahead": {23 * time.Hour, "first first first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.MustLoad(testbed.Session(1))
			store, meeting, now := optional.New(b.DB), testbed.Session(1).MeetingID, time.Now().UTC()
			save := func(name string, at time.Time) {
				_, err := store.SaveMeetings(t.Context(), b.Run, []model.Meeting{{AppID: "app", ID: meeting, Title: name, UpdatedAt: at}})
				if err != nil {
					t.Fatal(err)
				}
				_, err = store.SavePeople(t.Context(), b.Run, "app", meeting, []model.MeetingParticipant{{ID: "ana", DisplayName: name, UpdatedAt: at}})
				if err != nil {
					t.Fatal(err)
				}
				_, err = store.SaveLivestream(t.Context(), b.Run, testbed.UUID(1), []model.LivestreamSession{{ID: "l", ErrMessage: name, UpdatedAt: at}}, "read", "")
				if err != nil {
					t.Fatal(err)
				}
			}
			save("first", now.Add(c.ahead))
			save("second", now)
			if got := b.Text(`SELECT concat_ws(' ', (SELECT configured_title FROM realtimekit.meetings),
				(SELECT display_name FROM realtimekit.meeting_participants), (SELECT err_message FROM realtimekit.livestream_sessions))`); got != c.want {
				t.Errorf("stored %q, want %q", got, c.want)
			}
		})
	}
}

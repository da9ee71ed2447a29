package extract

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Rows below a name that nobody knows are not nobody: without a paging object the count
// would not tell, and the run would succeed with nothing read (PostHog/posthog#87238).
func TestRowsBelowAnotherNameAreNoEmptyList(t *testing.T) {
	t.Parallel()
	id := model.UUID{1}
	reads := map[string]func(r rig) (model.Pass, error){
		"apps": func(r rig) (model.Pass, error) {
			return r.Apps(t.Context(), func(model.AppPage) error { return nil })
		},
		"sessions": func(r rig) (model.Pass, error) {
			return r.Sessions(t.Context(), "app", time.Time{}, time.Time{}, func(model.SessionPage) error { return nil })
		},
		"participants": func(r rig) (model.Pass, error) {
			return r.Participants(t.Context(), "app", id, func(model.ParticipantPage) error { return nil })
		},
		"meetings": func(r rig) (model.Pass, error) {
			return r.Meetings(t.Context(), "app", func(model.MeetingPage) error { return nil })
		},
	}
	for what, read := range reads {
		for data, empty := range map[string]bool{
			`{"results":[{"id":"aaaaaaaa-0000-4000-8000-000000000001"}]}`:            false,
			`{"items":[],"results":[{"id":"aaaaaaaa-0000-4000-8000-000000000001"}]}`: false,
			`{"results":[]}`: true, `{}`: true, `null`: true, `[]`: true, `{"note":"x"}`: true,
			`{"sessions":null,"participants":null,"notes":["x"]}`: what == "sessions" || what == "participants",
		} {
			_, err := read(answeringWith(t, http.StatusOK, `{"success":true,"data":`+data+`}`))
			switch {
			case empty && err != nil:
				t.Errorf("%s: %s: %v, want an empty list", what, data, err)
			case !empty && (err == nil || !strings.Contains(err.Error(), "data holds no list")):
				t.Errorf("%s: %s: error %v, want that there is no list", what, data, err)
			}
		}
	}
}

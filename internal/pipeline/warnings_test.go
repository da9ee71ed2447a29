package pipeline_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// A warning about a session or a record says of which app it is, and of which session where
// it is of one: who reads the log of several apps looks for it by that.
func TestWarningsSayWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	data := lessons()
	bad := simulator.Extra{"created_at": json.RawMessage(`"yesterday"`)}
	data.Apps[0].Sessions[0].Participants[0].Extra = bad
	data.Apps[0].Sessions[1].Extra = bad
	data.Apps[0].Sessions[2].Type = simulator.TypeLivestream
	r := newRig(t, data)
	r.extract.RetryFor = 0
	var failing []simulator.Fault
	for _, path := range []string{
		"*/sessions/" + data.Apps[0].Sessions[3].ID + "/participants", "*/meetings/*/participants", "*/peer-report/*", "*/livestream-sessions",
	} {
		failing = append(failing, simulator.Fault{Path: path, Answer: simulator.KitError(http.StatusInternalServerError, "no")})
	}
	r.sim.Script(failing...)
	r.must(pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{Enrolment: true, PeerReports: true, Recordings: true}}, model.RunPartial)
	want := map[string]string{
		"record set aside": "app_id session_id record_key", "records set aside": "app_id session_id", "session failed": "app_id session_id",
		"enrolment was not read; a later run tries again": "app_id meeting_id", "peer report failed; a later run tries again": "app_id session_id peer_id",
		"livestream failed; a later run tries again": "app_id session_id", "optional read failed; the next run tries again": "app_id endpoint",
	}
	for line := range strings.Lines(r.log.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		message, _ := entry["msg"].(string)
		for member := range strings.FieldsSeq(want[message]) {
			if entry[member] == nil {
				t.Errorf("it does not say its %s: %s", member, line)
			}
		}
		if entry["level"] == "WARN" {
			delete(want, message)
		}
	}
	if len(want) > 0 {
		t.Errorf("nothing warned so: %v\n%s", want, r.log)
	}
}

package extract

import (
	"errors"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const (
	someSession     = "0b6f6f0e-1d9b-4d0a-8f61-1a3c7a1d1001"
	someParticipant = "aaaaaaaa-0000-4000-8000-000000000001"
	someEvent       = "eeeeeeee-0000-4000-8000-000000000001"
)

func TestUnderstandDecodesEveryKindOfRecord(t *testing.T) {
	t.Parallel()
	session, err := model.ParseUUID(someSession)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		entity, key, raw string
		check            func(model.Salvaged) bool
	}{
		"app": {model.EntityApp, "a", `{"id":"a","name":"n"}`, func(s model.Salvaged) bool {
			return s.App.ID == "a" && s.App.AccountID == "account"
		}},
		"session": {model.EntitySession, someSession, `{"id":"` + someSession + `","status":"ENDED"}`, func(s model.Salvaged) bool {
			return s.Session.ID == session && s.Session.AppID == "app"
		}},
		"participant": {model.EntityParticipant, someParticipant, `{"id":"` + someParticipant + `","peer_events":[{"id":"` + someEvent + `"}]}`, func(s model.Salvaged) bool {
			return len(s.Page.Participants) == 1 && len(s.Page.Events) == 1
		}},
		"event": {model.EntityPeerEvent, someParticipant + "/" + someEvent, `{"id":"` + someEvent + `"}`, func(s model.Salvaged) bool {
			return len(s.Page.Participants) == 0 && len(s.Page.Events) == 1 && s.Page.Events[0].ParticipantID.String() == someParticipant
		}},
		"bytes that are not UTF-8": {model.EntityApp, "a", `{"id":"a","name":"\\x41 \x41 ` + `\xff"}`, func(s model.Salvaged) bool {
			return s.App.Name == "\\x41 \uFFFD \uFFFD"
		}},
	} {
		got, err := Understand(model.Rejected{Entity: tt.entity, AppID: "app", SessionID: session, Key: tt.key, Raw: tt.raw}, "account")
		if err != nil || !tt.check(got) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestUnderstandSaysWhyNot(t *testing.T) {
	t.Parallel()
	for raw, says := range map[string]string{
		`{"id":"` + someParticipant + `","joined_at":"yesterday"}`: "joined_at",
		`{"id":7}`: "id",
		`[`:        "JSON",
		``:         "JSON",
	} {
		_, err := Understand(model.Rejected{Entity: model.EntityParticipant, Key: "k", Raw: raw}, "account")
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s gives %v", raw, err)
		}
	}
	if _, err := Understand(model.Rejected{Entity: "meeting", Raw: `{}`}, "account"); !errors.Is(err, errStillRejected) {
		t.Errorf("%v", err)
	}
}

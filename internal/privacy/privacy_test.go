package privacy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

func newKey(tb testing.TB, text string) *Key {
	tb.Helper()
	key, err := NewKey(secret.New(strings.Repeat(text, MinKeyBytes)))
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func TestShortKeyIsRefusedAndNotShown(t *testing.T) {
	t.Parallel()
	_, err := NewKey(secret.New("hunter2-hunter2-hunter2-hunter2"))
	if !errors.Is(err, model.ErrUsage) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a key of 31 bytes gave %v", err)
	}
}

func TestPseudonymsAreStable(t *testing.T) {
	t.Parallel()
	key, other := newKey(t, "k"), newKey(t, "o")
	if string(key.Check()) != string(newKey(t, "k").Check()) || string(key.Check()) == string(other.Check()) {
		t.Error("the check does not tell keys apart")
	}
	if key.Name("Mira") != newKey(t, "k").Name("Mira") || key.Name("Mira") == key.Name("mira") || key.Name("Mira") == other.Name("Mira") {
		t.Error("names are not told apart as they should be")
	}
	if key.Name(key.Name("Mira")) != key.Name("Mira") || key.Name("") != "" {
		t.Error("a pseudonym got a pseudonym")
	}
	a, b := "AAAAAAAA-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000001"
	if key.Identifier(UserID, a) != key.Identifier(UserID, b) || key.Identifier(UserID, a) == key.Identifier(CustomID, a) {
		t.Error("identifiers are not told apart as they should be")
	}
	id, _ := model.ParseUUID(b)
	if made := key.PseudonymUUID(id); made == id || made.String()[14] != '8' || !strings.ContainsRune("89ab", rune(made.String()[19])) {
		t.Errorf("%s is no UUID of version 8", made)
	}
}

// filterOf suppresses user u-erased-1, custom id 17 and the participant with id 1.
func filterOf(tb testing.TB, mode Mode, names bool) *Filter {
	tb.Helper()
	key := newKey(tb, "k")
	return NewFilter(key, 1, names, []Suppression{
		{Hash: key.Identifier(UserID, "u-erased-1"), Mode: mode},
		{Hash: key.Identifier(CustomID, "17"), Mode: mode},
		{Hash: key.Identifier(ParticipantID, uuid(1).String()), AppID: "app", Mode: mode},
	})
}

func uuid(n int) model.UUID {
	id, _ := model.ParseUUID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
	return id
}

func TestRejectedRecordsOfErasedPeople(t *testing.T) {
	t.Parallel()
	f := filterOf(t, Remove, false)
	for _, c := range []struct {
		name, entity, key, raw string
		kept                   bool
	}{
		{"by its user_id", model.EntityParticipant, "x", `{"user_id":"u-erased-1"}`, false},
		{"escaped", model.EntityParticipant, "x", `{"user_id":"u-erase\u0064-1"}`, false},
		{"by a custom id that is a number", model.EntityParticipant, "x", `{"custom_participant_id": 17}`, false},
		{"by a long text anywhere", model.EntityParticipant, "x", `{"user_id":{"is":["u-erased-1"]}}`, false},
		{"by its key", model.EntityParticipant, uuid(1).String(), `"?"`, false},
		{"an event's by the key", model.EntityPeerEvent, uuid(1).String() + "/" + uuid(9).String(), `{}`, false},
		{"an enrolment's by the key", model.EntityMeetingParticipant, "room/a/u-erased-1", `{}`, false},
		{"a report's by the key", model.EntityPeerReport, uuid(1).String(), `""`, false},
		{"not sound JSON", model.EntityParticipant, "x", `{"display_name":"\xff","user_id":"u-erased-1`, false},
		{"another number", model.EntityParticipant, "x", `{"duration":17,"preset_name":"17"}`, true},
		{"somebody else", model.EntityParticipant, uuid(2).String(), `{"user_id":"u-other-17"}`, true},
		{"its user_id is in an object", model.EntityParticipant, "x", `{"id":"` + uuid(2).String() + `","user_id":{"is":["u-erased-1"]}}`, false},
		{"its custom id has a space", model.EntityParticipant, "x", `{"user_id":null,"custom_participant_id":" u-erased-1","id":12}`, false},
		{"its id says nothing", model.EntityParticipant, uuid(2).String(), `{"id":"` + uuid(2).String() + `","user":{"user_id":"u-erased-1"},"display_name":"Mira"}`, false},
		{"nobody knows what it is", model.EntityParticipant, "x", `[{"who":"u-erased-1"}]`, false},
	} {
		r := []model.Rejected{{Entity: c.entity, AppID: "app", Key: c.key, Raw: c.raw, Reason: "r"}}
		if kept := f.Rejected(r); len(kept) == 1 != c.kept || c.kept && kept[0].Raw != c.raw {
			t.Errorf("%s: kept %v", c.name, kept)
		}
	}
	// Another app's participant of that id is somebody else; a session is nobody's.
	if kept := f.Rejected([]model.Rejected{{Entity: model.EntityParticipant, AppID: "other", Key: uuid(1).String(), Raw: "{}"}}); len(kept) != 1 {
		t.Error("dropped in another app")
	}
	// A record of somebody else says nothing of the person any more.
	of := f.Rejected([]model.Rejected{{
		Entity: model.EntityParticipant, AppID: "app", Key: uuid(2).String(),
		Raw: `{"user_id":"u-other-17","beside":"u-erased-1","note":"u-erased-1, and so on","u-erased-1":1,"friend":{"custom_participant_id":17}}`,
	}})
	if len(of) != 1 || of[0].Raw != `{"user_id":"u-other-17","beside":"[erased]","note":"[erased], and so on","[erased]":1,"friend":{"custom_participant_id":"[erased]"}}` {
		t.Errorf("somebody else's record became %v", of)
	}
	kept := f.Rejected([]model.Rejected{{Entity: model.EntitySession, Key: "s", Raw: `{"host":"u-erased-1","n":17}`, Reason: "r"}})
	if len(kept) != 1 || kept[0].Raw != `{"host":"[erased]","n":17}` {
		t.Errorf("a session's record became %v", kept)
	}
}

func TestNamesInRejectedRecords(t *testing.T) {
	t.Parallel()
	key := newKey(t, "k")
	f := NewFilter(key, 1, true, nil)
	raw := `{"id":"` + uuid(2).String() + `", "display_name" : "Mira", "name":{"first":"Mira","n":3}, "full":"Mira", ` +
		`"ref":"` + uuid(3).String() + `","peer_events":[{"event_name":"PEER_JOINING","by":"Mira"}],"joined_at":"yesterday"}`
	want := `{"id":"` + uuid(2).String() + `", "display_name" : "` + key.Name("Mira") + `", "name":{"first":"[not kept]","n":3}, "full":"[not kept]", ` +
		`"ref":"` + uuid(3).String() + `","peer_events":[{"event_name":"PEER_JOINING","by":"[not kept]"}],"joined_at":"yesterday"}`
	masked := func(entity, reason, raw string) model.Rejected {
		return f.Rejected([]model.Rejected{{Entity: entity, Reason: reason, Raw: raw}})[0]
	}
	once := masked(model.EntityParticipant, "joined_at: no timestamp", raw)
	if once.Raw != want {
		t.Errorf("got  %s\nwant %s", once.Raw, want)
	}
	if twice := masked(model.EntityParticipant, "", once.Raw); twice.Raw != once.Raw {
		t.Errorf("a second time: %s", twice.Raw)
	}
	if r := masked(model.EntityParticipant, `record: an object was wanted, found "Mira"`, `"Mira"`); strings.Contains(r.Raw+r.Reason, "Mira") {
		t.Errorf("a record that is a text became %v", r)
	}
}

// Made-up ids of an event stay equal where they were, and nothing else of the
// vendor's is left.
func TestPseudonymisedPage(t *testing.T) {
	t.Parallel()
	f := filterOf(t, Pseudonymise, false)
	page := model.ParticipantPage{
		Participants: []model.Participant{
			{ID: uuid(5), UserID: "u-erased-1", DisplayName: "Mira", PresetName: "student", Provenance: model.Provenance{
				Extra: []byte(`{"mail":"mira"}`), Repairs: model.Repairs{"display_name": `"Mira\u0000"`},
			}},
			{ID: uuid(6), UserID: "u-other", DisplayName: "Ada", Provenance: model.Provenance{Extra: []byte(`{"sat beside":"u-erased-1"}`)}},
		},
		Events: []model.PeerEvent{
			{ID: uuid(7), ParticipantID: uuid(5), PeerID: uuid(5).String(), SocketSessionID: "sock"},
			{ID: uuid(7), ParticipantID: uuid(6), PeerID: "p", SocketSessionID: "sock"},
		},
	}
	if taken := f.Page("app", &page); taken.Participants != 0 || len(taken.People) != 1 || taken.People[0].ID != uuid(5) || len(page.Participants) != 2 || len(page.Events) != 2 {
		t.Fatalf("%+v", page)
	}
	p, e := page.Participants[0], page.Events[0]
	if text := fmt.Sprintf("%+v %s", p, p.Extra); strings.Contains(text, "ira") || strings.Contains(text, "u-erased-1") || p.PresetName != "student" {
		t.Errorf("%+v", p)
	}
	if e.ParticipantID != p.ID || e.PeerID != p.ID.String() || e.ID == uuid(7) || e.SocketSessionID == "sock" {
		t.Errorf("%+v", e)
	}
	if o := page.Participants[1]; o.DisplayName != "Ada" || string(o.Extra) != `{"sat beside":"[erased]"}` {
		t.Errorf("%+v %s", o, o.Extra)
	}
	if o := page.Events[1]; o.ID != uuid(7) || o.PeerID != "p" || o.SocketSessionID != "sock" {
		t.Errorf("%+v", o)
	}
}

// Whatever is rewritten stays JSON, and nothing is rewritten that need not be.
func FuzzRewrite(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x",{"b":null}],"c":"\"y\\"}`, `"x"`, `[[],{}]`, `{"a"`, `\`, `}]"`, `{"é":"\ud800"}`, `-1e5,`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if same := rewriteTokens(raw, func(token) (string, bool) { return "z", false }); same != raw {
			t.Errorf("%q became %q", raw, same)
		}
		all := rewriteTokens(raw, func(token) (string, bool) { return "z", true })
		if json.Valid([]byte(raw)) && !json.Valid([]byte(all)) {
			t.Errorf("%q became %q, which is no JSON", raw, all)
		}
	})
}

func BenchmarkPage(b *testing.B) {
	for name, f := range map[string]*Filter{
		"nobody erased": NewFilter(nil, 0, false, nil),
		"somebody":      filterOf(b, Remove, false),
		"names":         filterOf(b, Remove, true),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				page := model.ParticipantPage{Participants: make([]model.Participant, 100), Events: make([]model.PeerEvent, 300)}
				for i := range page.Participants {
					page.Participants[i] = model.Participant{ID: uuid(i + 100), UserID: "u-0123456789", CustomParticipantID: "custom", DisplayName: "Some Name"}
				}
				for i := range page.Events {
					page.Events[i].ParticipantID, page.Events[i].PeerID = page.Participants[i/3].ID, page.Participants[i/3].UserID
				}
				f.Page("app", &page)
			}
		})
	}
}

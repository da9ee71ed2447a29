package privacy

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// person is a participant without a name, as a page lists one.
func person(n int, userID, customID string) model.Participant {
	return model.Participant{ID: uuid(n), UserID: userID, CustomParticipantID: customID}
}

// eventOf is an event of a participant, which names a peer.
func eventOf(n, participant int, peer string) model.PeerEvent {
	return model.PeerEvent{ID: uuid(n), ParticipantID: uuid(participant), PeerID: peer}
}

// keyed is a rejected record that only its key tells of.
func keyed(entity, key string) model.Rejected {
	return model.Rejected{Entity: entity, AppID: "app", Key: key, Raw: `{}`}
}

// lines gives what a page holds, one text per record.
func lines(page *model.ParticipantPage) (texts []string) {
	for _, p := range page.Participants {
		texts = append(texts, fmt.Sprintf("participant %s %q %q", p.ID, p.UserID, p.CustomParticipantID))
	}
	for _, e := range page.Events {
		texts = append(texts, fmt.Sprintf("event %s %s %q", e.ID, e.ParticipantID, e.PeerID))
	}
	for _, r := range page.Rejected {
		texts = append(texts, fmt.Sprintf("rejected %s %q", r.Entity, r.Key))
	}
	return texts
}

// Events and rejected records follow the participants of the page, whichever
// identifier gave these away.
func TestPageFollowsItsParticipants(t *testing.T) {
	t.Parallel()
	one, two := uuid(1).String(), uuid(2).String()
	for _, c := range []struct {
		name string
		page model.ParticipantPage
		kept []string
		want Taken
	}{
		{"somebody by the user_id, with all that the page says of them", model.ParticipantPage{
			Participants: []model.Participant{person(5, "u-erased-1", ""), person(6, "u-other-1", "")},
			Events:       []model.PeerEvent{eventOf(10, 5, "p"), eventOf(11, 5, "p"), eventOf(12, 6, "p")},
			Rejected: []model.Rejected{
				keyed(model.EntityPeerEvent, uuid(5).String()+"/x"), keyed(model.EntityPeerReport, uuid(5).String()),
				keyed(model.EntityPeerEvent, uuid(6).String()+"/x"),
			},
		}, []string{
			fmt.Sprintf(`participant %s "u-other-1" ""`, uuid(6)), fmt.Sprintf(`event %s %s "p"`, uuid(12), uuid(6)),
			fmt.Sprintf(`rejected peer_event "%s/x"`, uuid(6)),
		}, Taken{Participants: 1, People: []Erased{{uuid(5), Remove}}}},
		{"somebody by a short custom id", model.ParticipantPage{
			Participants: []model.Participant{person(5, "", "17"), person(6, "17", "")},
		}, []string{fmt.Sprintf(`participant %s "17" ""`, uuid(6))}, Taken{Participants: 1, People: []Erased{{uuid(5), Remove}}}},
		{"events that come alone, by the participant's id", model.ParticipantPage{
			Events: []model.PeerEvent{eventOf(10, 2, "p"), eventOf(11, 1, "p"), eventOf(12, 1, "p"), eventOf(13, 2, "p"), eventOf(14, 2, "p")},
		}, []string{
			fmt.Sprintf(`event %s %s "p"`, uuid(10), two), fmt.Sprintf(`event %s %s "p"`, uuid(13), two), fmt.Sprintf(`event %s %s "p"`, uuid(14), two),
		}, Taken{}},
		{"peers that events of others name", model.ParticipantPage{
			Events: []model.PeerEvent{eventOf(10, 2, two), eventOf(11, 2, one), eventOf(12, 2, one), eventOf(13, 2, "p")},
		}, []string{
			fmt.Sprintf(`event %s %s %q`, uuid(10), two, two), fmt.Sprintf(`event %s %s ""`, uuid(11), two),
			fmt.Sprintf(`event %s %s ""`, uuid(12), two), fmt.Sprintf(`event %s %s "p"`, uuid(13), two),
		}, Taken{}},
		{"a participant whose record could not be used, counted as one", model.ParticipantPage{
			Rejected: []model.Rejected{
				keyed(model.EntityParticipant, one), keyed(model.EntityPeerReport, one), keyed(model.EntityParticipant, two),
				{Entity: model.EntityParticipant, AppID: "app", Key: "x", Raw: `{"user_id":"u-erased-1"}`},
			},
		}, []string{fmt.Sprintf(`rejected participant %q`, two)}, Taken{
			Participants: 2, Aside: []model.UUID{newKey(t, "k").PseudonymUUID(uuid(1)), {}}, People: []Erased{{uuid(1), Remove}, {model.UUID{}, Remove}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			taken := filterOf(t, Remove, false).Page("app", &c.page)
			if got := lines(&c.page); !slices.Equal(got, c.kept) {
				t.Errorf("kept %q\nwant %q", got, c.kept)
			}
			if !reflect.DeepEqual(taken, c.want) {
				t.Errorf("took %v\nwant %v", taken, c.want)
			}
		})
	}
}

// A pseudonym takes the place of a peer, and of a participant that is known by id
// alone; a record that could not be used has no place for one, so it goes.
func TestPageUnderPseudonyms(t *testing.T) {
	t.Parallel()
	made := newKey(t, "k").PseudonymUUID(uuid(1))
	page := model.ParticipantPage{
		Participants: []model.Participant{person(1, "", "")},
		Events:       []model.PeerEvent{eventOf(11, 2, uuid(1).String()), eventOf(12, 2, uuid(1).String())},
		Rejected:     []model.Rejected{keyed(model.EntityParticipant, uuid(1).String()), keyed(model.EntityPeerEvent, uuid(1).String()+"/x")},
	}
	taken := filterOf(t, Pseudonymise, false).Page("app", &page)
	want := []string{
		fmt.Sprintf(`participant %s "" ""`, made),
		fmt.Sprintf(`event %s %s "%s"`, uuid(11), uuid(2), made), fmt.Sprintf(`event %s %s "%s"`, uuid(12), uuid(2), made),
	}
	if got := lines(&page); !slices.Equal(got, want) {
		t.Errorf("kept %q\nwant %q", got, want)
	}
	erased := Erased{uuid(1), Pseudonymise}
	if want := (Taken{Participants: 1, Aside: []model.UUID{made}, People: []Erased{erased, erased}}); !reflect.DeepEqual(taken, want) {
		t.Errorf("took %v\nwant %v", taken, want)
	}
}

// Another app's participant of the same id is somebody else.
func TestPageOfAnotherApp(t *testing.T) {
	t.Parallel()
	page := model.ParticipantPage{
		Participants: []model.Participant{person(1, "u-other-1", "")}, Events: []model.PeerEvent{eventOf(10, 1, uuid(1).String())},
		Rejected: []model.Rejected{{Entity: model.EntityParticipant, AppID: "other", Key: uuid(1).String(), Raw: `{}`}},
	}
	before := lines(&page)
	if taken := filterOf(t, Remove, false).Page("other", &page); taken.Participants != 0 || !slices.Equal(lines(&page), before) {
		t.Errorf("took %v, kept %q", taken, lines(&page))
	}
}

// Names, and unknown texts that may be one, leave every kind of record.
func TestNamesInAPage(t *testing.T) {
	t.Parallel()
	key := newKey(t, "k")
	f := NewFilter(key, 1, true, nil)
	unknown := func() model.Provenance {
		return model.Provenance{Extra: []byte(`{"by":"Mira"}`), Repairs: model.Repairs{"display_name": `"Mira\u0000"`}}
	}
	const masked = `{"by":"[not kept]"}`
	page := model.ParticipantPage{
		Participants: []model.Participant{{ID: uuid(1), DisplayName: "Mira", Provenance: unknown()}},
		Events:       []model.PeerEvent{{ID: uuid(2), ParticipantID: uuid(1), Provenance: unknown()}},
		Rejected:     []model.Rejected{{Entity: model.EntityParticipant, Raw: `{"by":"Mira"}`}},
	}
	f.Page("app", &page)
	if p := page.Participants[0]; p.DisplayName != key.Name("Mira") || string(p.Extra) != masked || p.Repairs["display_name"] != notKeptText {
		t.Errorf("the participant became %+v %s", p, p.Extra)
	}
	if e := page.Events[0]; string(e.Extra) != masked {
		t.Errorf("of the event stayed %s", e.Extra)
	}
	if r := page.Rejected[0]; r.Raw != masked {
		t.Errorf("of the rejected record stayed %s", r.Raw)
	}
	people, _ := f.People("app", []model.MeetingParticipant{{ID: "u-other-1", DisplayName: "Mira", Provenance: unknown()}})
	if p := people[0]; p.ID != "u-other-1" || p.DisplayName != key.Name("Mira") || string(p.Extra) != masked || p.Repairs["display_name"] != notKeptText {
		t.Errorf("the enrolled person became %+v %s", p, p.Extra)
	}
}

// Enrolled people are known by user_id and by custom id, and named as the API names
// them, so that rows stored before are found.
func TestEnrolledPeople(t *testing.T) {
	t.Parallel()
	key := newKey(t, "k")
	for mode, want := range map[Mode][]string{
		Remove:       {"u-other-1 18"},
		Pseudonymise: {key.Pseudonym(UserID, "u-erased-1") + " ", "u-other-1 18", key.Pseudonym(UserID, "u-other-2") + " " + key.Pseudonym(CustomID, "17")},
	} {
		people := []model.MeetingParticipant{{ID: "u-erased-1"}, {ID: "u-other-1", CustomParticipantID: "18"}, {ID: "u-other-2", CustomParticipantID: "17"}}
		kept, listed := filterOf(t, mode, false).People("app", people)
		var got []string
		for _, p := range kept {
			got = append(got, p.ID+" "+p.CustomParticipantID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: kept %q\nwant %q", mode, got, want)
		}
		if of := map[Mode][]string{mode: {"u-erased-1", "u-other-2"}}; !reflect.DeepEqual(listed, of) {
			t.Errorf("%s: on the list are %q, want %q", mode, listed, of)
		}
	}
	// A list that names the person names the row that has the pseudonym too.
	if got, want := filterOf(t, Pseudonymise, false).Listed([]string{"u-erased-1"}), []string{"u-erased-1", key.Pseudonym(UserID, "u-erased-1")}; !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

// A session's unknown fields say nothing of people on the list; other texts there
// are no names of people, so these stay.
func TestSessionsUnknownFields(t *testing.T) {
	t.Parallel()
	s := model.Session{AppID: "app", Provenance: model.Provenance{Extra: []byte(`{"host":"u-erased-1","title":"Choir"}`)}}
	filterOf(t, Remove, true).Session(&s)
	if want := `{"host":"[erased]","title":"Choir"}`; string(s.Extra) != want {
		t.Errorf("got %s, want %s", s.Extra, want)
	}
}

// Where nobody was erased and names stay, nothing is touched.
func TestNothingToFilter(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*Filter{"no filter": nil, "an empty one": NewFilter(nil, 1, false, nil)} {
		page := model.ParticipantPage{
			Participants: []model.Participant{person(1, "u-erased-1", "17")}, Events: []model.PeerEvent{eventOf(10, 1, "p")},
			Rejected: []model.Rejected{keyed(model.EntityParticipant, uuid(1).String())},
		}
		before := lines(&page)
		if taken := f.Page("app", &page); !reflect.DeepEqual(taken, Taken{}) || !slices.Equal(lines(&page), before) {
			t.Errorf("%s: took %v, kept %q", name, taken, lines(&page))
		}
		if kept, listed := f.People("app", []model.MeetingParticipant{{ID: "u-erased-1"}}); len(kept) != 1 || len(listed) != 0 {
			t.Errorf("%s: kept %v of the enrolled, listed %v", name, kept, listed)
		}
	}
}

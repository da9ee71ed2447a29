package extract

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const (
	event1 = `"id":"eeeeeeee-0000-4000-8000-000000000001"`
	user1  = `"user_id":"bbbbbbbb-0000-4000-8000-000000000001"`
)

// The same record is the same, in whatever order its members come.
func TestOrderOfMembersDoesNotMatter(t *testing.T) {
	t.Parallel()
	members := []string{
		id1, user1, `"display_name":"Mira"`,
		`"peer_events":[{` + event1 + `,"participant_id":"bbbbbbbb-0000-4000-8000-000000000001","session_id":"` + testSession.String() + `"},` +
			`{"participant_id":"AAAAAAAA-0000-4000-8000-000000000001","id":"eeeeeeee-0000-4000-8000-000000000002"},{"id":"bad"}]`,
	}
	want := mustDecode(t, "{"+strings.Join(members, ",")+"}")
	if len(want.Events) != 2 || want.Events[0].Extra != nil || want.Events[1].Extra != nil || len(want.Rejected) != 1 {
		t.Fatalf("%+v", want)
	}
	for range len(members) - 1 {
		members = append(members[1:], members[0])
		if diff := cmp.Diff(want, mustDecode(t, "{"+strings.Join(members, ",")+"}")); diff != "" {
			t.Errorf("in another order: %s", diff)
		}
	}
	foreign := mustDecode(t, `{`+id1+`,"peer_events":[{`+event1+`,"participant_id":"someone","session_id":5}],"user_id":"u"}`)
	if got := string(foreign.Events[0].Extra); got != `{"participant_id":"someone","session_id":5}` {
		t.Errorf("what contradicts the enclosing record: %s", got)
	}
}

// What an event says of itself is kept, whether it repeats what stands around it or not:
// null, the participant's id, the user's and another are four things.
func TestOwnIDsOfAnEvent(t *testing.T) {
	t.Parallel()
	const participant, user = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000001"
	for own, want := range map[string]struct {
		ids   model.OwnIDs
		extra string
	}{
		``: {0, ""},
		`,"participant_id":null,"session_id":null`:                                                      {0, ""},
		`,"participant_id":"null","session_id":""`:                                                      {0, ""},
		`,"participant_id":"` + participant + `"`:                                                       {model.OwnParticipant, ""},
		`,"participant_id":"` + user + `"`:                                                              {model.OwnUser, ""},
		`,"session_id":"` + testSession.String() + `"`:                                                  {model.OwnSession, ""},
		`,"session_id":"` + testSession.String() + `","participant_id":"` + strings.ToUpper(user) + `"`: {model.OwnSession | model.OwnUser, ""},
		`,"participant_id":"someone","session_id":"` + testSession.String() + `"`:                       {model.OwnSession, `{"participant_id":"someone"}`},
	} {
		page := mustDecode(t, `{`+id1+`,"user_id":"`+user+`","peer_events":[{`+event1+own+`}]}`)
		if e := page.Events[0]; e.OwnIDs != want.ids || string(e.Extra) != want.extra {
			t.Errorf("%s: %d, %s", own, e.OwnIDs, e.Extra)
		}
	}
	same := mustDecode(t, `{`+id1+`,"user_id":"`+participant+`","peer_events":[{`+event1+`,"participant_id":"`+participant+`"}]}`)
	if got := same.Events[0].OwnIDs; got != model.OwnParticipant|model.OwnUser {
		t.Errorf("where the two are the same: %d", got)
	}
	plain := mustDecode(t, `{`+id1+`,"user_id":"ann","peer_events":[{`+event1+`,"participant_id":"ANN"}]}`)
	if e := plain.Events[0]; e.OwnIDs != 0 || string(e.Extra) != `{"participant_id":"ANN"}` {
		t.Errorf("in other letters: %d, %s", e.OwnIDs, e.Extra)
	}
}

// One bad list must not cost the page (redpanda-data/connect#415).
func TestEventsThatAreNoListSetTheParticipantAside(t *testing.T) {
	t.Parallel()
	for _, events := range []string{`{}`, `"none"`, `0`, `true`} {
		for _, record := range []string{
			`{` + id1 + `,` + user1 + `,"peer_events":` + events + `}`, `{"peer_events":` + events + `,` + id1 + `}`,
		} {
			page := mustDecode(t, record+`,{`+id2+`}`)
			if len(page.Rejected) != 1 || len(page.Participants) != 1 || !strings.Contains(page.Rejected[0].Reason, "peer_events: a list was wanted") ||
				page.Rejected[0].Raw != record || page.Rejected[0].Key != "aaaaaaaa-0000-4000-8000-000000000001" {
				t.Errorf("%s: %+v", record, page)
			}
		}
	}
}

// Whatever stands in a rejected record must itself be storable.
func TestReasonsAndRawTextsAreStorable(t *testing.T) {
	t.Parallel()
	for _, record := range []string{
		"[\"\xff\xfe\"]", `"` + strings.Repeat("é", 40) + `"`, `"x` + strings.Repeat("é", 40) + `"`,
		"{" + id1 + ",\"joined_at\":\"\xff\"}", "{" + id1 + ",\"joined_at\":[\"\xff\"]}", "{\"id\":\"\xff\\u0000\"}",
		"{" + id1 + ",\"user_id\":\"" + strings.Repeat("é\xff", 300) + "\"}", "{\"id\":\"" + strings.Repeat("é", 500) + "\"}",
		"{" + id1 + ",\"duration\":\"\\u0000\"}", "{" + id1 + ",\"display_name\":[\"\\u0000\"]}",
	} {
		page := mustDecode(t, record)
		if len(page.Rejected) != 1 || len(page.Participants) != 0 {
			t.Errorf("%q: %+v", record, page)
			continue
		}
		r := page.Rejected[0]
		for _, text := range []string{r.Key, r.Reason, r.Raw} {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || text == "" {
				t.Errorf("%q: cannot be stored: %q", record, text)
			}
		}
		if len(r.Key) > model.MaxIdentifierBytes || r.SessionID != testSession || r.AppID != "app" {
			t.Errorf("%q: %+v", record, r)
		}
	}
}

func TestRecordsThatComeTwiceAreBothHandedOn(t *testing.T) {
	t.Parallel()
	page := mustDecode(t, `{`+id1+`,"display_name":"a","peer_events":[{`+event1+`},{`+event1+`}]},{`+id1+`,"display_name":"b","duration":1,"duration":2}`)
	if len(page.Participants) != 2 || page.Participants[1].DisplayName != "b" || page.Participants[1].DurationMinutes.Value != 2 || len(page.Events) != 2 {
		t.Errorf("%+v", page)
	}
}

func TestNullAndMissingListsAreEmpty(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"success":true,"data":{"participants":[]}}`, `{"success":true,"data":{"participants":null}}`,
		`{"success":true,"data":{}}`, `{"success":true,"data":null}`, `{"data":[]}`,
	} {
		page, env, err := decodePage(body)
		if err != nil || !env.hasData || len(page.Participants)+len(page.Rejected) != 0 {
			t.Errorf("%s: %+v, %+v, %v", body, page, env, err)
		}
	}
	page := mustDecode(t, `{`+id1+`},{`+id2+`,"peer_events":[]}`)
	if len(page.Participants) != 2 || len(page.Events) != 0 {
		t.Errorf("%+v", page)
	}
}

// Unknown fields are kept in a form that jsonb takes: airbytehq/airbyte#22096,
// dlt-hub/dlt#1840 stop at a change of schema instead.
func TestExtraIsAlwaysValidForJSONB(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	for name, tt := range map[string]struct{ member, want string }{
		"kept as it is":      {`"a":{"b":[1,2.50,"x",true,null]},"c":12345678901234567890`, `{"a":{"b":[1,2.50,"x",true,null]},"c":12345678901234567890}`},
		"spaces go":          {"\"a\" : {\n \"b\" : 1 }", `{"a":{"b":1}}`},
		"lone surrogate":     {`"a":"\ud800","b\udfff":1`, "{\"a\":\"\uFFFD\",\"b\uFFFD\":1}"},
		"NUL below":          {`"a":[{"k\u0000":"v\u0000"}]`, "{\"a\":[{\"k\uFFFD\":\"v\uFFFD\"}]}"},
		"invalid UTF-8":      {"\"a\xff\":\"\xc3\"", "{\"a\uFFFD\":\"\uFFFD\"}"},
		"backslash, not NUL": {`"a":"\\u0000"`, `{"a":"\\u0000"}`},
		"numbers too great":  {`"a":[1e9999,1e-99999,1E+0999]`, `{"a":["1e9999","1e-99999",1E+0999]}`},
		"long number":        {`"a":` + strings.Repeat("9", 301), `{"a":"` + strings.Repeat("9", 301) + `"}`},
		"too deep":           {`"a":` + deep, `{"a":"` + deep + `"}`},
		"deep in a string":   {`"a":"` + strings.Repeat("[", 500) + `\"["`, `{"a":"` + strings.Repeat("[", 500) + `\"["}`},
		"a name twice":       {`"a":1,"a":2`, `{"a":1,"a":2}`},
		"an empty name":      {`"":1`, `{"":1}`},
	} {
		page := mustDecode(t, "{"+id1+","+tt.member+"}")
		if len(page.Participants) != 1 || string(page.Participants[0].Extra) != tt.want {
			t.Errorf("%s: %.300s", name, fmt.Sprintf("%+v", page))
		} else if !json.Valid(page.Participants[0].Extra) {
			t.Errorf("%s: not JSON", name)
		}
	}
}

func TestFirstReasonStaysAndRestOfPageLoads(t *testing.T) {
	t.Parallel()
	page := mustDecode(t, `{"joined_at":"soon","duration":"much",`+id1+`,"peer_events":[{`+event1+`},{"id":"x"}]},{`+id2+`,"peer_events":[{`+event1+`},{"id":"x"}]}`)
	if len(page.Participants) != 1 || len(page.Events) != 1 || len(page.Rejected) != 2 {
		t.Fatalf("%+v", page)
	}
	first, second := page.Rejected[0], page.Rejected[1]
	if first.Entity != model.EntityParticipant || !strings.HasPrefix(first.Reason, "joined_at: ") || !strings.Contains(first.Raw, `"id":"x"`) {
		t.Errorf("%+v", first)
	}
	if second.Entity != model.EntityPeerEvent || second.Key != "aaaaaaaa-0000-4000-8000-000000000002/x" {
		t.Errorf("%+v", second)
	}
}

// Of a paging object at both places the fuller one counts, and a count that is
// none is not taken for 0.
func TestPagingAtBothPlaces(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]paging{
		`{"data":{"paging":{"total_count":3,"start_offset":1,"end_offset":3}},"paging":{}}`:   {true, 3, 1, 3},
		`{"paging":null,"data":{"paging":{"total_count":3,"start_offset":1,"end_offset":3}}}`: {true, 3, 1, 3},
		`{"data":{},"paging":{"total_count":"NaN","start_offset":-1,"end_offset":1e99}}`:      {true, -1, -1, -1},
		`{"data":{},"paging":{"total_count":null,"start_offset":[],"end_offset":{}}}`:         {true, -1, -1, -1},
		`{"data":{},"paging":[1]}`: {},
	} {
		if _, got, err := decodePage(body); err != nil || got.paging != want {
			t.Errorf("%s: %+v, %v", body, got.paging, err)
		}
	}
}

// Postgres cannot read a list of any length; what is much is kept as text.
func TestUnknownMembersBeyondTheBoundAreKeptAsText(t *testing.T) {
	t.Parallel()
	list := "[" + strings.Repeat("1,", maxExtraBytes/4) + "1]" // half of what may be
	page := mustDecode(t, `{`+id1+`,"a":`+list+`,"b":`+list+`,"c":1}`)
	want := `{"a":` + list + `,"b":"` + list + `","c":1}`
	if len(page.Participants) != 1 || string(page.Participants[0].Extra) != want {
		t.Errorf("%+.100v", page)
	}
}

package extract

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
)

var testSession = model.UUID{1}

// decodePage reads a participants answer as Participants does.
func decodePage(body string) (model.ParticipantPage, envelope, error) {
	var page model.ParticipantPage
	env, err := readEnvelope([]byte(body), func(s *scanner, name string) error {
		if name != "participants" {
			return wrapJSON(s.dec.SkipValue())
		}
		return s.array(func() error { return s.participant("app", testSession, &page) })
	})
	return page, env, err
}

func mustDecode(t *testing.T, participants string) model.ParticipantPage {
	t.Helper()
	page, _, err := decodePage(`{"success":true,"data":{"participants":[` + participants + `]}}`)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

const (
	id1 = `"id":"aaaaaaaa-0000-4000-8000-000000000001"`
	id2 = `"id":"aaaaaaaa-0000-4000-8000-000000000002"`
)

func TestValueRules(t *testing.T) {
	t.Parallel()
	at := time.Date(2023, 2, 1, 10, 50, 36, 846_000_000, time.UTC)
	for name, c := range map[string]struct {
		json string
		want model.Participant
	}{
		"plain":              {`"joined_at":"2023-02-01T10:50:36.846Z"`, model.Participant{JoinedAt: at}},
		"stray quote":        {`"joined_at":"2023-02-01T10:50:36.846Z\""`, mended(model.Participant{JoinedAt: at}, "joined_at", `2023-02-01T10:50:36.846Z"`)},
		"space for T":        {`"joined_at":"2023-02-01 10:50:36.846000Z"`, mended(model.Participant{JoinedAt: at}, "joined_at", `2023-02-01 10:50:36.846000Z`)},
		"offset":             {`"joined_at":"2023-02-01T16:20:36.846+05:30"`, mended(model.Participant{JoinedAt: at}, "joined_at", `2023-02-01T16:20:36.846+05:30`)},
		"no fraction":        {`"joined_at":"2023-02-01T10:50:36Z"`, model.Participant{JoinedAt: at.Truncate(time.Second)}},
		"the string null":    {`"left_at":"null"`, mended(model.Participant{}, "left_at", "null")},
		"null":               {`"left_at":null,"display_name":null,"duration":null`, model.Participant{}},
		"empty":              {`"left_at":"","display_name":"","user_id":""`, model.Participant{}},
		"fractional minutes": {`"duration":5.8097`, model.Participant{DurationMinutes: model.Number{Value: 5.8097, Valid: true}}},
		"number as string":   {`"duration":"5.5"`, mended(model.Participant{DurationMinutes: model.Number{Value: 5.5, Valid: true}}, "duration_minutes", "5.5")},
		"negative":           {`"duration":-1.5`, model.Participant{DurationMinutes: model.Number{Value: -1.5, Valid: true}}},
		"number for text":    {`"user_id":42`, mended(model.Participant{UserID: "42"}, "user_id", "42")},
		"NUL":                {`"display_name":"Mi\u0000ra"`, mended(model.Participant{DisplayName: "Mi\uFFFDra"}, "display_name", `Mi\u0000ra`)},
		"lone surrogate":     {`"display_name":"a\ud800b"`, mended(model.Participant{DisplayName: "a\uFFFDb"}, "display_name", `a\ud800b`)},
		"not UTF-8":          {"\"display_name\":\"a\xffb\"", mended(model.Participant{DisplayName: "a\uFFFDb"}, "display_name", `a\xffb`)},
		"emoji, escaped":     {`"display_name":"\ud83c\udf93 \"Zo\u00eb\""`, model.Participant{DisplayName: `🎓 "Zoë"`}},
		"unknown field":      {`"shoe":{"size":[44,null]}`, model.Participant{Provenance: model.Provenance{Extra: []byte(`{"shoe":{"size":[44,null]}}`)}}},
		"NUL in extra":       {`"x\u0000":"y\u0000"`, model.Participant{Provenance: model.Provenance{Extra: []byte(`{"x�":"y�"}`)}}},
		"huge in extra":      {`"x":1e99999`, model.Participant{Provenance: model.Provenance{Extra: []byte(`{"x":"1e99999"}`)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := mustDecode(t, "{"+id1+","+c.json+"}")
			if len(page.Participants) != 1 || len(page.Rejected) != 0 {
				t.Fatalf("got %+v", page)
			}
			c.want.ID = page.Participants[0].ID
			if diff := cmp.Diff(c.want, page.Participants[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func mended(p model.Participant, column, raw string) model.Participant {
	p.Repairs = model.Repairs{column: raw}
	return p
}

// redpanda-data/connect#415: one bad record is set aside and the rest loads.
func TestBadRecordsAreSetAside(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ json, entity, reason string }{
		"time that is none":    {`{` + id1 + `,"joined_at":"yesterday"}`, model.EntityParticipant, `joined_at: "yesterday" is not a timestamp`},
		"time as a number":     {`{` + id1 + `,"joined_at":1675248650}`, model.EntityParticipant, "joined_at: a timestamp was wanted"},
		"number beyond double": {`{` + id1 + `,"duration":1e400}`, model.EntityParticipant, "duration_minutes"},
		"NaN":                  {`{` + id1 + `,"duration":"NaN"}`, model.EntityParticipant, "duration_minutes"},
		"no id":                {`{"display_name":"x"}`, model.EntityParticipant, "id: the record has no id"},
		"id that is none":      {`{"id":"42"}`, model.EntityParticipant, `participant_id: "42" is not a UUID`},
		"not an object":        {`"hello"`, model.EntityParticipant, "record: an object was wanted"},
		"null":                 {`null`, model.EntityParticipant, "record: an object was wanted"},
		"long identifier":      {`{` + id1 + `,"user_id":"` + strings.Repeat("x", 600) + `"}`, model.EntityParticipant, "600 bytes long"},
		"bad event":            {`{` + id1 + `,"peer_events":[{"id":"x"}]}`, model.EntityPeerEvent, `event_id: "x" is not a UUID`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := mustDecode(t, c.json+`,{`+id2+`,"peer_events":[{"id":"eeeeeeee-0000-4000-8000-000000000001"}]}`)
			if len(page.Rejected) != 1 || page.Rejected[0].Entity != c.entity || !strings.Contains(page.Rejected[0].Reason, c.reason) {
				t.Fatalf("rejected %+v", page.Rejected)
			}
			if c.entity == model.EntityParticipant && page.Rejected[0].Raw != c.json {
				t.Errorf("raw text %q, want %q", page.Rejected[0].Raw, c.json)
			}
			if last := page.Participants[len(page.Participants)-1]; last.ID[15] != 2 || len(page.Events) != 1 {
				t.Errorf("the record behind it was lost: %+v", page)
			}
		})
	}
}

// The vendor's own sample: shared event ids, a peer_id of its own, five fields.
func TestEventsBelongToTheParticipantThatHoldsThem(t *testing.T) {
	t.Parallel()
	event := `{"id":"94af3bac-0000-4000-8000-00000000191a","event_name":"PEER_WAITLISTED","peer_id":"other","created_at":"2023-02-01T10:50:36.846Z","updated_at":"2023-02-01T10:50:36.846Z"}`
	page := mustDecode(t, `{"peer_events":[`+event+`],`+id1+`},{`+id2+`,"peer_events":[`+event+`],"user_id":"u"},{"id":"aaaaaaaa-0000-4000-8000-000000000003","peer_events":null}`)
	if len(page.Events) != 2 || len(page.Participants) != 3 {
		t.Fatalf("got %+v", page)
	}
	for i, e := range page.Events {
		if e.ParticipantID[15] != byte(i+1) || e.PeerID != "other" || e.Name != "PEER_WAITLISTED" || e.Extra != nil {
			t.Errorf("event %d is %+v", i, e)
		}
	}
}

func TestEnvelopes(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]envelope{
		`{"success":true,"data":{"paging":{"total_count":30.0,"start_offset":1.0,"end_offset":30.0}}}`: {hasData: true, success: true, paging: paging{true, 30, 1, 30}},
		`{"data":[],"paging":{"total_count":"3"}}`:                                                     {hasData: true, success: true, paging: paging{true, 3, -1, -1}},
		`{"success":false,"errors":[{"code":10000,"message":"Authentication error"},{"code":1}]}`:      {failure: failure{10000, "Authentication error"}},
		`{"success":false,"error":{"code":404,"message":"No session found"}}`:                          {failure: failure{404, "No session found"}},

		`{"message":"Unauthorized"}`: {success: true, failure: failure{0, "Unauthorized"}},
	} {
		_, got, err := decodePage(body)
		if err != nil || got != want {
			t.Errorf("%s gives %+v, %v; want %+v", body, got, err, want)
		}
	}
}

func FuzzParticipants(f *testing.F) {
	f.Add(`{"success":true,"data":{"participants":[{` + id1 + `,"joined_at":"2023-02-01T10:50:36.846Z\"","x":[1e999],"peer_events":[{"id":"q"}]}],"paging":{"total_count":1}}}`)
	f.Add(`{"data":{"participants":[{"peer_events":[{"id":"eeeeeeee-0000-4000-8000-000000000001","a\u0000":"\ud800"}],` + id2 + `},null,3]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		page, _, err := decodePage(body)
		if err != nil {
			return
		}
		check := func(p model.Provenance) {
			for _, text := range [][]byte{p.Extra, p.Repairs.JSON()} {
				if len(text) > 0 && (!json.Valid(text) || strings.Contains(strings.ReplaceAll(string(text), `\\`, ""), `\u0000`)) {
					t.Fatalf("jsonb would refuse %q", text)
				}
			}
		}
		for i := range page.Participants {
			check(page.Participants[i].Provenance)
			if page.Participants[i].ID.IsZero() && !strings.Contains(body, "00000000-0000-0000-0000-000000000000") {
				t.Fatal("a participant without an id came through")
			}
		}
		for i := range page.Events {
			check(page.Events[i].Provenance)
		}
		for i := range page.Rejected {
			if r := page.Rejected[i]; r.Reason == "" || r.Key == "" || strings.ContainsRune(r.Raw, 0) {
				t.Fatalf("rejected record %+v", r)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	var page strings.Builder
	page.WriteString(`{"success":true,"data":{"participants":[`)
	event := `{"id":"eeeeeeee-0000-4000-8000-000000000001","event_name":"PEER_JOINING","peer_id":"aaaaaaaa-0000-4000-8000-000000000001","participant_id":null,"session_id":"` + testSession.String() + `","socket_session_id":null,"preset_view_type":"GROUP_CALL","minutes_consumed":20.0,"created_at":"2026-11-20T15:00:05.000Z","updated_at":"2026-11-20T15:00:05.004Z"}`
	for i := range 200 {
		if i > 0 {
			page.WriteByte(',')
		}
		page.WriteString(`{` + id1 + `,"user_id":"bbbbbbbb-0000-4000-8000-000000000001","custom_participant_id":"stu-1","display_name":"Mira","preset_name":"student","joined_at":"2026-11-20T15:00:05.000Z","left_at":"2026-11-20T15:40:05.000Z","duration":35.0,"created_at":"2026-11-20T15:00:01.000Z","updated_at":"2026-11-20T15:40:05.006Z","peer_events":[`)
		page.WriteString(strings.TrimSuffix(strings.Repeat(event+",", 10), ",") + `]}`)
	}
	page.WriteString(`]}}`)
	body := page.String()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if p, _, err := decodePage(body); err != nil || len(p.Events) != 2000 {
			b.Fatal(err)
		}
	}
}

package extract

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// answeringWith is a client of an API that gives one answer, whatever is asked.
func answeringWith(t *testing.T, status int, body string) rig {
	t.Helper()
	return newRig(t, nil, simulator.Options{Script: []simulator.Fault{{Answer: reply(status, body)}}},
		func(c *Config) { c.RetryFor = 0 })
}

const canary = "canary-9000"

func TestMeetingRecord(t *testing.T) {
	t.Parallel()
	yes, no := model.Flag{Value: true, Valid: true}, model.Flag{Valid: true}
	created := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		json string
		want model.Meeting
	}{
		"plain": {
			`"title":"Algebra","status":"ACTIVE","record_on_start":true,"persist_chat":false,"live_stream_on_start":null,
			"session_keep_alive_time_in_secs":60,"created_at":"2026-09-01T08:00:00.000Z"`,
			model.Meeting{Title: "Algebra", Status: "ACTIVE", RecordOnStart: yes, PersistChat: no, SessionKeepAliveSeconds: minutes(60), CreatedAt: created},
		},
		"documented secrets": {
			`"title":"A","recording_config":{"storage_config":{"secret":"` + canary + `"}},"ai_config":{"x":"` + canary + `"}`,
			model.Meeting{Title: "A"},
		},
		"unknown members": {
			`"size":3,"wide":true,"note":"` + canary + `","stream":{"key":"` + canary + `"},"list":["` + canary + `"],"pin_code":4711,"nothing":null`,
			model.Meeting{Provenance: model.Provenance{Extra: []byte(`{"size":3,"wide":true,"dropped_fields":["note","stream","list","pin_code"]}`)}},
		},
		"mended": {
			`"record_on_start":"true","created_at":"2026-09-01 08:00:00Z"`,
			model.Meeting{
				RecordOnStart: yes, CreatedAt: created,
				Provenance: model.Provenance{Repairs: model.Repairs{"record_on_start": "true", "created_at": "2026-09-01 08:00:00Z"}},
			},
		},
	} {
		for _, shape := range []string{`{"success":true,"data":%s}`, `{"success":true,"data":{"meeting":%s}}`} {
			r := answeringWith(t, http.StatusOK, fmt.Sprintf(shape, `{"id":"room-1",`+c.json+`}`))
			got, err := r.Meeting(t.Context(), "app", "room-1")
			c.want.AppID, c.want.ID = "app", "room-1"
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%s, %s: %v\n%s", name, shape, err, diff)
			}
			if strings.Contains(fmt.Sprintf("%s %s", got.Extra, r.log), canary) {
				t.Errorf("%s: a secret came through", name)
			}
		}
	}
}

// What cannot be used is set aside, without whatever may be a secret.
func TestRejectedRecordsHoldNoSecret(t *testing.T) {
	t.Parallel()
	secret := `{"deep":["` + canary + `"]}`
	for name, c := range map[string]struct{ record, reason string }{
		"object for a text":    {`{"id":"p1","name":` + secret + `,"token":"` + canary + `"}`, "display_name: a text was wanted"},
		"object for a time":    {`{"id":"p1","created_at":` + secret + `}`, "created_at: a timestamp was wanted"},
		"object for the id":    {`{"id":` + secret + `}`, "meeting_participant_id: a text was wanted"},
		"no id":                {`{"picture":"` + canary + `","auth":` + secret + `}`, "id: the record has no id"},
		"a text for a record":  {`"` + canary + `"`, "record: an object was wanted"},
		"a list for a record":  {`["` + canary + `"]`, "record: an object was wanted"},
		"unusable custom id":   {`{"id":"p1","custom_participant_id":"` + strings.Repeat("x", 600) + `","k":` + secret + `}`, "600 bytes long"},
		"nothing for a record": {`null`, "record: an object was wanted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := answeringWith(t, http.StatusOK, `{"data":[`+c.record+`,{"id":"p2","name":"Mira"}],"paging":{"total_count":2,"start_offset":1,"end_offset":2}}`)
			var page model.MeetingParticipantPage
			_, err := r.MeetingParticipants(t.Context(), "app", "room", func(p model.MeetingParticipantPage) error { page = p; return nil })
			if err != nil || len(page.Rejected) != 1 || len(page.People) != 1 || page.People[0].ID != "p2" {
				t.Fatalf("%+v, %v", page, err)
			}
			got := page.Rejected[0]
			if !strings.Contains(got.Reason, c.reason) || !strings.HasPrefix(got.Key, "room/") || got.Entity != model.EntityMeetingParticipant {
				t.Errorf("rejected %+v", got)
			}
			if strings.Contains(fmt.Sprintf("%+v %s", got, r.log), canary) {
				t.Errorf("a secret came through: %+v", got)
			}
		})
	}
}

func TestMeetingOfAnotherIDIsSetAside(t *testing.T) {
	t.Parallel()
	r := answeringWith(t, http.StatusOK, `{"data":{"id":"other","stream_key":"`+canary+`"}}`)
	_, err := r.Meeting(t.Context(), "app", "room")
	rejected, ok := errors.AsType[*model.RejectedError](err)
	if !ok || rejected.Record.Entity != model.EntityMeeting || strings.Contains(fmt.Sprintf("%+v", rejected.Record), canary) {
		t.Errorf("got %v", err)
	}
}

// Pages of 10 of the 35 enrolled people, in several readings of the paging.
func TestEnrolledPeopleArePaged(t *testing.T) {
	t.Parallel()
	for name, dialect := range map[string]simulator.Dialect{
		"plain": {}, "from 0": {PageBase0: true}, "capped": {MaxPerPage: 3}, "no paging": {Paging: simulator.PagingAbsent},
		"floats": {FloatCounts: true}, "empty last": {EmptyLastPage: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := bulk(35)
			r := newRig(t, data, simulator.Options{Dialect: dialect})
			s := data.Apps[0].Sessions[0]
			seen := map[string]bool{}
			pass, err := r.MeetingParticipants(t.Context(), s.AppID, s.MeetingID, func(p model.MeetingParticipantPage) error {
				for i := range p.People {
					seen[p.People[i].ID] = true
				}
				return nil
			})
			if err != nil || !pass.Sound() || len(seen) != 35 {
				t.Errorf("%d people, %+v, %v", len(seen), pass, err)
			}
			var titles []string
			pass, err = r.Meetings(t.Context(), s.AppID, func(p model.MeetingPage) error {
				for i := range p.Meetings {
					titles = append(titles, p.Meetings[i].Title)
				}
				return nil
			})
			if err != nil || !pass.Sound() || len(titles) != 1 || titles[0] != s.MeetingTitle {
				t.Errorf("meetings %q, %+v, %v", titles, pass, err)
			}
		})
	}
}

// Where a list should be, null or an object says nothing of who is enrolled; an
// empty list does.
func TestEnrolmentWithoutAListIsNoAnswer(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"success":true,"data":null}`: "data holds no list",
		`{"success":true,"data":{}}`:   "data holds no list",
		`{"success":true,"data":{"participants":[{"id":"p1"}]},"paging":{"total_count":0}}`: "data holds no list",
		`{"success":false,"data":null,"error":{"code":400,"message":"not now"}}`:            "not now",
		`{"success":true,"data":[]}`: "",
	} {
		_, err := answeringWith(t, http.StatusOK, body).MeetingParticipants(t.Context(), "app", "room", func(model.MeetingParticipantPage) error { return nil })
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", body, err, want)
		}
	}
}

func TestDailyStats(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		data string
		want []model.DailyStats
	}{
		"the documented example": {
			`{"session_stats":{"sessions_count":1,"day_stats":[{"day":"2026-11-20T00:00:00.000Z","total_sessions":1,"total_session_minutes":94.2167}]},
			"recording_stats":{"day_stats":[{"day":"2026-11-20T00:00:00.000Z","total_recordings":1,"total_recording_minutes":365.67}]}}`,
			[]model.DailyStats{{Day: day(20), Sessions: minutes(1), SessionMinutes: minutes(94.2167), Recordings: minutes(1), RecordingMinutes: minutes(365.67)}},
		},
		"recordings first, other days": {
			`{"recording_stats":{"day_stats":[{"day":"2026-11-21","total_recordings":2}]},"session_stats":{"day_stats":[{"day":"2026-11-20","total_sessions":1.0}]}}`,
			[]model.DailyStats{{Day: day(20), Sessions: minutes(1)}, {Day: day(21), Recordings: minutes(2)}},
		},
		"the same day twice": {
			`{"session_stats":{"day_stats":[{"day":"2026-11-20","total_sessions":1},{"day":"2026-11-20","total_sessions":2}]}}`,
			[]model.DailyStats{{Day: day(20), Sessions: minutes(2), Provenance: model.Provenance{Repairs: model.Repairs{"total_sessions": "1, then 2"}}}},
		},
		"the same day twice, and the same": {
			`{"session_stats":{"day_stats":[{"day":"2026-11-20","total_sessions":1},{"day":"2026-11-20","total_sessions":1}]}}`,
			[]model.DailyStats{{Day: day(20), Sessions: minutes(1)}},
		},
		"unknown members in both": {
			`{"session_stats":{"day_stats":[{"day":"2026-11-20","alpha":1}]},"recording_stats":{"day_stats":[{"day":"2026-11-20","beta":2}]}}`,
			[]model.DailyStats{{Day: day(20), Provenance: model.Provenance{Extra: []byte(`{"alpha":1,"beta":2}`)}}},
		},
		"no days":                     {`{"session_stats":{"day_stats":[]},"recording_stats":{"day_stats":[]}}`, nil},
		"no days, recordings unknown": {`{"session_stats":{"day_stats":[]},"recording_stats":null}`, nil},
	} {
		r := answeringWith(t, http.StatusOK, `{"success":true,"data":`+c.data+`}`)
		got, err := r.DailyStats(t.Context(), "app", time.Time{}, time.Time{})
		if diff := cmp.Diff(c.want, got.Days); err != nil || diff != "" || len(got.Rejected) > 0 {
			t.Errorf("%s: %v %+v\n%s", name, err, got.Rejected, diff)
		}
	}
}

// Such an answer does not say that the vendor counted nothing.
func TestDailyStatsWithoutDaysAreNoAnswer(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"null":                    `null`,
		"a list":                  `[]`,
		"empty":                   `{}`,
		"null for the sessions":   `{"session_stats":null,"recording_stats":{"day_stats":[]}}`,
		"a text for the sessions": `{"session_stats":"x"}`,
		"a list for the sessions": `{"session_stats":[]}`,
		"no days":                 `{"session_stats":{"sessions_count":4}}`,
		"null for the days":       `{"session_stats":{"day_stats":null}}`,
		"other names":             `{"sessionStats":{"dayStats":[]}}`,
		"recordings only":         `{"recording_stats":{"day_stats":[{"day":"2026-11-20","total_recordings":2}]}}`,
	} {
		_, err := answeringWith(t, http.StatusOK, `{"success":true,"data":`+data+`}`).DailyStats(t.Context(), "app", time.Time{}, time.Time{})
		if err == nil || !strings.Contains(err.Error(), "session_stats.day_stats") {
			t.Errorf("%s: error %v, want one that says what is not there", name, err)
		}
	}
	// What the answer says itself is the better reason.
	_, err := answeringWith(t, http.StatusOK, `{"success":false,"data":{},"error":{"code":400,"message":"range too long"}}`).
		DailyStats(t.Context(), "app", time.Time{}, time.Time{})
	if err == nil || !strings.Contains(err.Error(), "range too long") {
		t.Errorf("error %v, want that of the answer", err)
	}
}

func TestDaysThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	r := answeringWith(t, http.StatusOK, `{"data":{"session_stats":{"day_stats":[{"day":"0001-01-01","total_sessions":1},{"day":"soon","total_sessions":1,"key":"`+canary+`"},{"day":"2026-11-20","total_sessions":1.5}]}}}`)
	got, err := r.DailyStats(t.Context(), "app", day(1), day(2))
	if err != nil || len(got.Days) != 0 || len(got.Rejected) != 3 || got.Rejected[2].Key != "2026-11-20" || strings.Contains(got.Rejected[1].Raw, canary) {
		t.Fatalf("%+v, %v", got, err)
	}
	if reason := got.Rejected[0].Reason; !strings.Contains(reason, `"0001-01-01" is out of range`) {
		t.Errorf("the first day of year 1 is refused for %q", reason)
	}
	if query := r.sim.Requests()[0].Query; query != "end_date=2026-11-02&start_date=2026-11-01" {
		t.Errorf("asked %q", query)
	}
}

func TestPeerReport(t *testing.T) {
	t.Parallel()
	peer := model.DuePeer{AppID: "app", SessionID: model.UUID{1}, ParticipantID: model.UUID{2}, PeerID: model.UUID{2}}
	record := `{"id":"x","role":"student","session_id":"` + peer.SessionID.String() + `","peer_report":{
		"metadata":{"device_info":{"os":"Windows","os_version":"11","cpus":8,"is_mobile":false},
			"browser_metadata":{"browser":"Chrome","browser_version":"140","user_agent":"` + canary + `","webgl_support":"true"},
			"ip_information":{"country":"DE","city":"` + canary + `","ipv4":"192.0.2.7"},
			"pc_metadata":[{"effective_network_type":"4g","sdp":["` + canary + `"]},{"effective_network_type":"3g"}],
			"candidate_pairs":{"producing_transport":[{"local_candidate_address":"` + canary + `"}]}},
		"quality":{"audio_producer":[{"jitter":2,"mos_quality":3},{"jitter":4,"mos_quality":4},{"jitter":null}],
			"audio_producer_cumulative":{"rtt":{"avg":50},"packet_loss":{"avg":"n/a"}},
			"audio_consumer_cumulative":{"quality_mos":{"avg":4.1,"p50":4.2},"packet_loss":{"avg":0.4},"jitter_buffer_delay":{"avg":12}},
			"video_producer":"x","screenshare_audio_producer_cumulative":{"rtt":{"avg":1}}}}}`
	want := model.PeerReport{
		SessionID: peer.SessionID, ParticipantID: peer.ParticipantID, PeerID: peer.PeerID,
		PresetName: "student", OS: "Windows", OSVersion: "11", CPUs: minutes(8), IsMobile: model.Flag{Valid: true},
		Browser: "Chrome", BrowserVersion: "140", NetworkType: "4g", Country: "DE",
		AudioSent:     model.Quality{MOS: minutes(3.5), RTT: minutes(50), Jitter: minutes(3)},
		AudioReceived: model.Quality{MOS: minutes(4.1), PacketLoss: minutes(0.4), JitterBufferDelay: minutes(12)},
		Provenance:    model.Provenance{Repairs: model.Repairs{"audio_sent_packet_loss": "n/a"}},
	}
	for _, shape := range []string{`{"success":true,"data":{"participant":%s}}`, `{"success":true,"data":%s}`} {
		for _, withAddress := range []bool{false, true} {
			r := answeringWith(t, http.StatusOK, fmt.Sprintf(shape, record))
			got, err := r.PeerReport(t.Context(), peer, withAddress)
			want.IPAddress = ""
			if withAddress {
				want.IPAddress = "192.0.2.7"
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
			if strings.Contains(fmt.Sprintf("%+v %s", got, r.log), canary) {
				t.Error("something private came through")
			}
		}
	}
	for name, bad := range map[string]string{
		"of another session": strings.Replace(record, peer.SessionID.String(), "00000000-0000-4000-8000-00000000000f", 1),
		"not an object":      `"` + canary + `"`,
		"report of a text":   `{"peer_report":"` + canary + `"}`,
		"report of a list":   `{"peer_report":["` + canary + `"]}`,
	} {
		r := answeringWith(t, http.StatusOK, `{"data":{"participant":`+bad+`}}`)
		_, err := r.PeerReport(t.Context(), peer, true)
		rejected, ok := errors.AsType[*model.RejectedError](err)
		if name != "not an object" && !ok || strings.Contains(fmt.Sprintf("%+v %v", rejected, err), canary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the account lacks is told apart from what one record lacks.
func TestUnavailableOrUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status                                    int
		body                                      string
		unavailable, unknown, malformed, refusing bool
	}{
		"no permission": {403, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`, true, false, false, true},
		"no route":      {404, `{"success":false,"errors":[{"code":7003,"message":"No route for the URI"}]}`, true, true, false, false},
		"no meeting":    {404, `{"success":false,"error":{"code":404,"message":"No meeting found"}}`, false, true, false, false},
		"bad id":        {400, `{"success":false,"error":{"code":400,"message":"must be a valid GUID"}}`, false, false, true, true},
		"bad token":     {401, `{"message":"Unauthorized"}`, false, false, false, true},
		"failure":       {500, ``, false, false, false, false},
	} {
		_, err := answeringWith(t, c.status, c.body).Meeting(t.Context(), "app", "room")
		got := []bool{
			errors.Is(err, model.ErrUnavailable), errors.Is(err, model.ErrNotFound),
			errors.Is(err, model.ErrBadRequest), errors.Is(err, model.ErrRefused),
		}
		if diff := cmp.Diff([]bool{c.unavailable, c.unknown, c.malformed, c.refusing}, got); diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// Whatever comes, a record that knows no field lets no text through but names,
// and gives JSON that can be decoded.
func FuzzGuard(f *testing.F) {
	f.Add(`{"a":"` + canary + `","b":{"c":[1]},"n":1.5,"ok":true,"key":7,"a":null}`)
	f.Add(`["x"]`)
	f.Add(`{"dropped_fields":["x"],"\u0000":1,"\ud800":{}}`)
	f.Fuzz(func(t *testing.T, body string) {
		raw, err := newScanner([]byte(body)).value()
		if err != nil {
			return
		}
		clean := guard(raw, fieldRules{})
		var value any
		decoder := json.NewDecoder(strings.NewReader(clean))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			t.Fatalf("%s is not JSON: %v", clean, err)
		}
		record, ok := value.(map[string]any)
		if !ok {
			return
		}
		for name, member := range record {
			switch member.(type) {
			case json.Number, bool:
			default:
				if name != droppedFields {
					t.Fatalf("%s lets %q through", clean, name)
				}
			}
		}
	})
}

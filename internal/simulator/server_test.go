package simulator_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func sample(t *testing.T, name string) any {
	t.Helper()
	b, err := fs.ReadFile(simulator.Samples(), name)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, string(b))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	d, s := bulk(1)
	for name, tc := range map[string]struct {
		header, path string
		status       int
		sample       string
	}{
		"no header":       {"", "/apps", 400, "error_headers.json"},
		"no scheme":       {"right", "/apps", 400, "error_headers.json"},
		"space in token":  {"Bearer right right", "/apps", 400, "error_headers.json"},
		"basic":           {"Basic cmlnaHQ=", "/apps", 400, "error_headers.json"},
		"wrong token":     {"Bearer wrong", "/apps", 401, "error_authentication.json"},
		"wrong account":   {"Bearer right", "/client/v4/accounts/0123/realtime/kit/apps", 403, "error_authentication.json"},
		"unknown route":   {"Bearer right", "/sessions", 404, "error_route.json"},
		"peer report":     {"Bearer right", "/" + s.AppID + "/sessions/peer-report/x", 400, "error_bad_id.json"},
		"outside":         {"Bearer right", "/client/v3/user", 404, "error_route.json"},
		"unknown session": {"Bearer right", "/" + s.AppID + "/sessions/" + s.AppID, 404, "error_no_session.json"},
		"bad session id":  {"Bearer right", "/" + s.AppID + "/sessions/x/participants", 400, "error_bad_id.json"},
		"ok":              {"bearer right", "/user", 404, "error_route.json"},
	} {
		c := serve(t, d, simulator.Options{Token: "right"})
		req := c.request(tc.path)
		req.Header.Del("Authorization")
		if tc.header != "" {
			req.Header.Set("Authorization", tc.header)
		}
		res, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		err = json.NewDecoder(res.Body).Decode(&got)
		_ = res.Body.Close()
		if diff := cmp.Diff(sample(t, tc.sample), got); err != nil || res.StatusCode != tc.status || diff != "" {
			t.Errorf("%s: status %d, want %d; %v\n%s", name, res.StatusCode, tc.status, err, diff)
		}
	}
}

func TestOnlyGet(t *testing.T) {
	t.Parallel()
	c := serve(t, nil, simulator.Options{})
	for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodHead} {
		req := c.request("/apps")
		req.Method = method
		res, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != http.MethodGet {
			t.Errorf("%s: status %d, Allow %q", method, res.StatusCode, res.Header.Get("Allow"))
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const user, account = "/client/v4/user/tokens/verify", "/client/v4/accounts/" + simulator.DemoAccountID + "/tokens/verify"
	d, _ := bulk(0)
	for kind, want := range map[simulator.TokenKind][2]int{
		simulator.TokenAny: {200, 200}, simulator.TokenUser: {200, 401}, simulator.TokenAccount: {401, 200},
	} {
		c := serve(t, d, simulator.Options{Dialect: simulator.Dialect{TokenKind: kind}})
		for i, path := range []string{user, account} {
			body := c.mustGet(path, want[i])
			if want[i] == 200 && !cmp.Equal(decode(t, body), sample(t, "token_verify.json")) {
				t.Errorf("kind %d, %s: %s", kind, path, body)
			}
		}
	}
}

func TestPeerEventsOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	d, s := bulk(3)
	c := serve(t, d, simulator.Options{})
	detail := participantsPath(s) + "/" + s.Participants[0].ID
	for query, want := range map[string]bool{"": false, "?include_peer_events=false": false, "?include_peer_events=true": true} {
		for _, path := range []string{participantsPath(s), detail} {
			if got := strings.Contains(c.mustGet(path+query, 200), `"peer_events":[{`); got != want {
				t.Errorf("%s%s: events %v, want %v", path, query, got, want)
			}
		}
	}
	events, _ := c.list(participantsPath(s) + "?include_peer_events=true").rows()[0]["peer_events"].([]any)
	first, _ := events[0].(map[string]any)
	if len(events) != 3 || len(first) != 10 {
		t.Errorf("%d events, %d members: %v", len(events), len(first), first)
	}
}

func TestVendorSample(t *testing.T) {
	t.Parallel()
	d := simulator.VendorSample()
	got := serve(t, d, simulator.Options{}).list(participantsPath(d.Apps[0].Sessions[0]) + "?include_peer_events=true")
	var want listing
	b, err := fs.ReadFile(simulator.Samples(), "vendor_participants.json")
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Data.Participants, got.Data.Participants); diff != "" {
		t.Error(diff)
	}
}

func TestSamplesAreJSON(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(simulator.Samples(), "*.json")
	if err != nil || len(names) < 25 {
		t.Fatalf("%d samples, %v", len(names), err)
	}
	for _, name := range names {
		sample(t, name)
	}
}

func TestValueDialects(t *testing.T) {
	t.Parallel()
	d := simulator.Demo(3, now)
	live := d.Apps[0].Sessions[len(d.Apps[0].Sessions)-1]
	detail := "/" + live.AppID + "/sessions/" + live.ID
	people := participantsPath(live) + "?include_peer_events=true&per_page=100&sort_order=ASC"
	for _, tc := range []struct {
		dialect, path, with string
		count               int // 0 is at least once
	}{
		{"nested-detail", detail, `"data":{"session":{"id":`, 1},
		{"ended-at-string-null", detail, `"ended_at":"null"`, 1},
		{"stray-quotes:n=4", people, `Z\""`, len(live.Participants) / 4},
		{"space-times", detail, live.CreatedAt.Format(`"2006-01-02 15:04:05.000000Z"`), 1},
		{"float-counts", people, `.0,"start_offset":1.0,"end_offset":`, 1},
		{"no-peer-events", people, `"peer_events":[]`, len(live.Participants)},
	} {
		var opts simulator.Options
		if strings.Contains(serve(t, d, opts).mustGet(tc.path, 200), tc.with) {
			t.Errorf("%s: %s appears without the dialect", tc.dialect, tc.with)
		}
		if err := opts.Apply(tc.dialect); err != nil {
			t.Fatal(err)
		}
		body := serve(t, d, opts).mustGet(tc.path, 200)
		if n := strings.Count(body, tc.with); n == 0 || tc.count > 0 && n != tc.count {
			t.Errorf("%s: %s appears %d times, want %d: %.300s", tc.dialect, tc.with, n, tc.count, body)
		}
	}
}

func TestBreakouts(t *testing.T) {
	t.Parallel()
	d := simulator.Demo(3, now)
	var child *simulator.Session
	for _, s := range d.AllSessions() {
		if s.ParentID != "" {
			child = s
		}
	}
	parent := d.Session(child.ParentID)
	c := serve(t, d, simulator.Options{})
	detail := "/" + parent.AppID + "/sessions/" + parent.ID
	if n := strings.Count(c.mustGet(detail+"?include_breakout_rooms=true", 200), `"type":"participant"`); n != 3 {
		t.Errorf("%d rooms in the detail, want 3", n)
	}
	who := child.Participants[0]
	minutes := func(view string) float64 {
		rows := c.list(participantsPath(parent) + "?per_page=100&search=" + who.CustomParticipantID + "&view=" + view).rows()
		v, _ := rows[0]["duration"].(float64)
		return v
	}
	if raw, all := minutes("raw"), minutes("consolidated"); all-raw < *who.DurationMinutes-0.001 || all-raw > *who.DurationMinutes+0.001 {
		t.Errorf("raw %v, consolidated %v, room %v", raw, all, *who.DurationMinutes)
	}
	list := "/" + parent.AppID + "/sessions?per_page=100&search=" + child.ID
	if n := len(c.list(list).rows()); n != 1 {
		t.Errorf("child listed %d times, want 1", n)
	}
	c.sim.SetDialect(simulator.Dialect{HideChildSessions: true})
	if n := len(c.list(list).rows()); n != 0 {
		t.Errorf("child listed %d times although hidden", n)
	}
}

func TestExtraMembers(t *testing.T) {
	t.Parallel()
	d, s := bulk(1)
	p := s.Participants[0]
	p.DisplayName = "a\"b\\c\n\x00é\u2028"
	p.Extra = simulator.Extra{"duration": json.RawMessage(`"5.5"`), "left_at": nil, "role": json.RawMessage(`{"x":1}`)}
	got := serve(t, d, simulator.Options{}).list(participantsPath(s)).rows()[0]
	if got["duration"] != "5.5" || got["role"] == nil || got["display_name"] != p.DisplayName {
		t.Errorf("%v", got)
	}
	if _, present := got["left_at"]; present {
		t.Errorf("left_at is present: %v", got)
	}
}

func TestMeetings(t *testing.T) {
	t.Parallel()
	d := simulator.Demo(5, now)
	app := &d.Apps[0]
	c := serve(t, d, simulator.Options{})
	var list struct{ Data []row }
	if err := json.Unmarshal([]byte(c.mustGet("/"+app.ID+"/meetings?per_page=100&sort_order=ASC", 200)), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Data) != 11 || list.Data[0]["id"] != app.Sessions[0].MeetingID {
		t.Errorf("%d meetings, want 8 courses and 3 rooms", len(list.Data))
	}
	body := c.mustGet("/"+app.ID+"/meetings/"+app.Sessions[0].MeetingID+"/participants?per_page=100", 200)
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatal(err)
	}
	users := map[any]bool{}
	for _, r := range list.Data {
		users[r["id"]] = true
	}
	if len(users) != len(list.Data) || len(users) < 20 {
		t.Errorf("%d rows, %d users", len(list.Data), len(users))
	}
}

func TestUpdateWhileServing(t *testing.T) {
	t.Parallel()
	d, s := bulk(50)
	c := serve(t, d, simulator.Options{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if o := c.get(participantsPath(s) + "?include_peer_events=true"); o.err != nil {
					t.Error(o.err)
				}
			}
		})
	}
	for range 50 {
		c.sim.Update(simulator.AddLateRow)
	}
	wg.Wait()
	if got := c.list(participantsPath(s)).paging().Total; got != 100 {
		t.Errorf("%v rows, want 100", got)
	}
	if got := c.sim.Stats().ByRoute[simulator.RouteParticipants]; got != 81 {
		t.Errorf("%d requests counted, want 81", got)
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	d, _ := bulk(1)
	c := serve(t, d, simulator.Options{})
	c.mustGet("/apps?per_page=1", 200)
	c.mustGet("/nowhere", 404)
	records := c.sim.Requests()
	if len(records) != 2 || records[0].Query != "per_page=1" || records[0].Status != 200 || records[1].Status != 404 {
		t.Errorf("%+v", records)
	}
	st := c.sim.Stats()
	if st.Requests != 2 || st.ByStatus[404] != 1 || st.ByRoute[simulator.RouteApps] != 1 || st.Bytes == 0 {
		t.Errorf("%+v", st)
	}
	c.sim.Reset()
	if st := c.sim.Stats(); st.Requests != 0 || st.Bytes != 0 || len(c.sim.Requests()) != 0 {
		t.Errorf("after the reset: %+v", st)
	}
	req := c.request("/apps")
	for range 10_050 {
		c.sim.ServeHTTP(&discard{header: http.Header{}}, req)
	}
	if n := len(c.sim.Requests()); n != 10_000 {
		t.Errorf("%d records kept", n)
	}
}

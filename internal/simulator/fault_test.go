package simulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func status(want int, part string) func(outcome) bool {
	return func(o outcome) bool { return o.err == nil && o.status == want && strings.Contains(o.body, part) }
}

func failure(want error) func(outcome) bool {
	return func(o outcome) bool { return errors.Is(o.err, want) }
}

func took(d time.Duration) func(outcome) bool {
	return func(o outcome) bool {
		return o.err == nil && o.took >= d && json.Valid([]byte(o.body)) && o.status == 200
	}
}

// effects tells for each fault of the registry how a client sees it.
func effects() map[string]struct {
	spec string
	seen func(outcome) bool
} {
	return map[string]struct {
		spec string
		seen func(outcome) bool
	}{
		"status":        {"418", status(418, `"error":{"code":418`)},
		"every-4th-500": {"every-4th-500:every=1", status(500, `"code":500`)},
		"rate-limited": {"rate-limited:wait=5s", func(o outcome) bool {
			return o.status == 429 && o.header.Get("Retry-After") == "5" && strings.Contains(o.header.Get("Ratelimit"), "t=5")
		}},
		"envoy-rate-limited": {"envoy-rate-limited", func(o outcome) bool {
			return o.status == 429 && o.header.Get("Retry-After") == "4" && o.body == "" && o.header.Get("X-Envoy-Ratelimited") == "true"
		}},
		"bad-token":         {"bad-token", status(401, `"code":10000`)},
		"bare-unauthorized": {"bare-unauthorized", status(401, `{"message":"Unauthorized"}`)},
		"no-permission":     {"no-permission", status(403, `"code":10000`)},
		"gone":              {"gone", status(404, `No session found`)},
		"redirect": {"redirect:to=http://other.invalid/x", func(o outcome) bool {
			return o.status == 307 && o.header.Get("Location") == "http://other.invalid/x"
		}},
		"refused":     {"refused:code=451,ids=0123456789abcdef", status(451, `"code":451`)},
		"refused-200": {"refused-200:ids=0123456789abcdef", status(200, `"code":1234`)},
		"absurd-wait": {"absurd-wait", func(o outcome) bool {
			return o.status == 429 && strings.Contains(o.header.Get("Retry-After"), "9999")
		}},
		"html":         {"html", status(502, "<html>")},
		"html-200":     {"html-200", status(200, "<html>")},
		"empty":        {"empty", func(o outcome) bool { return o.err == nil && o.status == 200 && o.body == "" }},
		"unsuccessful": {"unsuccessful:code=404", status(200, `{"success":false,"error":{"code":404`)},
		"garbage":      {"garbage", func(o outcome) bool { return o.status == 200 && !json.Valid([]byte(o.body)) }},
		"huge": {"huge:bytes=3000000", func(o outcome) bool {
			return o.err == nil && len(o.body) > 3_000_000 && len(o.body) < 3_001_000 && json.Valid([]byte(o.body))
		}},
		"gzip-bomb": {"gzip-bomb:bytes=20000000", func(o outcome) bool {
			return o.err == nil && len(o.body) > 20_000_000 && len(o.body) < 22_000_000 && json.Valid([]byte(o.body))
		}},
		"slow":             {"slow:delay=60ms", took(60 * time.Millisecond)},
		"drip":             {"drip:chunk=1000,pause=10ms", took(50 * time.Millisecond)},
		"stall":            {"stall:pause=70ms", took(70 * time.Millisecond)},
		"truncated":        {"truncated", failure(io.ErrUnexpectedEOF)},
		"cut-gzip":         {"cut-gzip", failure(io.ErrUnexpectedEOF)},
		"reset":            {"reset", failure(syscall.ECONNRESET)},
		"late-joiner":      {"late-joiner", status(200, `"total_count":13`)},
		"late-row":         {"late-row", status(200, "Latecomer 13")},
		"lost-row":         {"lost-row", status(200, `"total_count":11`)},
		"new-session":      {"new-session:path=*", func(outcome) bool { return true }},      // see TestNewSessionMovesPages
		"webhook-kept-500": {"webhook-kept-500:path=*", func(outcome) bool { return true }}, // see TestWebhookKeptThough500
		"live-ends":        {"live-ends", status(200, `"PEER_LEAVING"`)},
	}
}

func TestEveryFaultShows(t *testing.T) {
	t.Parallel()
	all := effects()
	for _, named := range simulator.Faults() {
		if named.Description == "" {
			t.Errorf("%s has no description", named.Name)
		}
		if named.Kind != simulator.KindFault {
			continue
		}
		effect, ok := all[named.Name]
		if !ok {
			t.Errorf("%s is not tested", named.Name)
			continue
		}
		t.Run(named.Name, func(t *testing.T) {
			t.Parallel()
			f, err := simulator.ParseFault(effect.spec)
			if err != nil {
				t.Fatal(err)
			}
			d, s := bulk(12)
			if named.Name == "late-joiner" || named.Name == "live-ends" {
				makeLive(s)
			}
			c := serve(t, d, simulator.Options{})
			path := participantsPath(s) + "?include_peer_events=true"
			// On a busy machine an answer takes long without a fault too.
			always := []string{"new-session", "webhook-kept-500", "slow", "drip", "stall"}
			if o := c.get(path); !slices.Contains(always, named.Name) && effect.seen(o) {
				t.Fatalf("seen without the fault: %d %.200s", o.status, o.body)
			}
			c.sim.Script(f)
			if o := c.get(path); !effect.seen(o) {
				t.Errorf("not seen: %d %v %v in %v: %.300s", o.status, o.header, o.err, o.took, o.body)
			}
			if n := c.sim.Stats().ByFault[f.Name]; n == 0 {
				t.Error("not counted")
			}
			c.sim.Script()
			c.mustGet(path, 200)
		})
	}
}

func makeLive(s *simulator.Session) {
	s.Status, s.EndedAt = simulator.StatusLive, time.Time{}
	s.LiveParticipants = len(s.Participants)
	for _, p := range s.Participants {
		p.LeftAt, p.DurationMinutes, p.Events = time.Time{}, nil, p.Events[:2]
	}
}

func TestNewSessionMovesPages(t *testing.T) {
	t.Parallel()
	d := simulator.Generate(simulator.Size{Sessions: 6}, 1, now)
	f, err := simulator.ParseFault("new-session")
	if err != nil {
		t.Fatal(err)
	}
	c := serve(t, d, simulator.Options{Script: []simulator.Fault{f}})
	path := "/" + d.Apps[0].ID + "/sessions?per_page=3&page_no="
	first, second := ids(c.list(path+"1").rows()), ids(c.list(path+"2").rows())
	if first[2] != second[0] {
		t.Errorf("pages did not move: %v, %v", first, second)
	}
	var last *simulator.Session
	c.sim.View(func(d *simulator.Data) { all := d.AllSessions(); last = all[len(all)-1] })
	c.mustGet("/"+last.AppID+"/sessions/"+last.ID, 200)
}

func TestLiveEnds(t *testing.T) {
	t.Parallel()
	d := simulator.Demo(9, now)
	simulator.JoinLive(d)
	for _, s := range d.AllSessions() {
		wellFormed(t, s, now.Add(time.Hour))
	}
	simulator.EndLive(d)
	for _, s := range d.AllSessions() {
		wellFormed(t, s, now.Add(time.Hour))
	}
	simulator.JoinLive(d) // nothing is LIVE any more
	if n, _, _ := d.Counts(); n != 60 {
		t.Errorf("%d sessions", n)
	}
}

func TestWhichRequestsAreStruck(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string][]int{
		"500":                         {1, 2, 3, 4, 5, 6, 7, 8},
		"500:nth=3":                   {3},
		"500:every=3":                 {3, 6},
		"every-4th-500":               {4, 8},
		"every-2nd-html":              {2, 4, 6, 8},
		"500:nth=2,every=3":           {2, 5, 8},
		"500:nth=5,every=2":           {5, 7},
		"500:times=2":                 {1, 2},
		"500:every=2,times=3":         {2, 4, 6},
		"500:path=*/apps":             {1, 2, 3, 4, 5, 6, 7, 8},
		"500:path=*/kit/*?*page=5*":   {5},
		"500:path=/client/*/sessions": nil,
		"500:path=apps":               nil,
	} {
		f, err := simulator.ParseFault(spec)
		if err != nil {
			t.Fatal(err)
		}
		d, _ := bulk(1)
		c := serve(t, d, simulator.Options{Script: []simulator.Fault{f}})
		var got []int
		for i := 1; i <= 8; i++ {
			if o := c.get(fmt.Sprintf("/apps?page=%d", i)); o.status != 200 {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s strikes %v, want %v", spec, got, want)
		}
	}
}

func TestFaultsAddUp(t *testing.T) {
	t.Parallel()
	d, _ := bulk(1)
	hooked := 0
	c := serve(t, d, simulator.Options{Script: []simulator.Fault{
		{Name: "hook", Do: func(*simulator.Data) { hooked++ }},
		{Name: "first", Nth: 1, Answer: simulator.HTML(502)},
		{Name: "second", Times: 2, Answer: simulator.Empty(503)},
	}})
	for _, want := range []int{502, 503, 200} {
		if o := c.get("/apps"); o.status != want {
			t.Errorf("status %d, want %d", o.status, want)
		}
	}
	if hooked != 3 {
		t.Errorf("hook ran %d times", hooked)
	}
}

func TestDelayEndsWithTheClient(t *testing.T) {
	t.Parallel()
	d, _ := bulk(1)
	sim := simulator.New(d, simulator.Options{Script: []simulator.Fault{{Delay: time.Hour}}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := (&client{t: t}).request("/apps").WithContext(ctx)
	w := &discard{header: http.Header{}}
	sim.ServeHTTP(w, req) // would last an hour
	if w.n != 0 {
		t.Errorf("%d bytes for a client that is gone", w.n)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{
		"", "nothing", "700", "every-x-500", "every-0th-500", "slow:delay=x", "slow:delay", "slow:wait=2s",
		"500:nth=0", "500:every=-1", "status:code=99", "html:code=1000", "page-base-0", "quota",
	} {
		if f, err := simulator.ParseFault(spec); err == nil {
			t.Errorf("%q gives %+v", spec, f)
		}
	}
	var opts simulator.Options
	for _, spec := range []string{"quota:calls=x", "page-cap:rows=0", "every-4th-page-base-0", "page-base-0:nth=2", "stray-quotes:m=1"} {
		if err := opts.Apply(spec); err == nil {
			t.Errorf("%q is accepted", spec)
		}
	}
	if opts.Quota != (simulator.Quota{}) || opts.Dialect != (simulator.Dialect{}) || opts.Script != nil {
		t.Errorf("errors left their mark: %+v", opts)
	}
}

// A refusal strikes what it names and nothing beside it.
func TestRefusedThings(t *testing.T) {
	t.Parallel()
	d, s := bulk(3)
	c := serve(t, d, simulator.Options{})
	session, app := "/"+s.AppID+"/sessions/"+s.ID, "/"+s.AppID
	for _, tt := range []struct {
		spec         string
		struck, free []string
	}{
		{"refused:ids=" + s.ID[35:], []string{participantsPath(s)}, []string{"/apps", app + "/sessions"}},
		{"refused:of=apps,ids=" + s.AppID[35:], []string{app + "/sessions"}, []string{"/apps", session, participantsPath(s)}},
		{"refused:of=meetings,ids=" + s.MeetingID[len(s.MeetingID)-1:], []string{app + "/meetings/" + s.MeetingID + "/participants"}, []string{app + "/meetings", session}},
		{"refused:of=peers,ids=" + s.Participants[0].ID[35:], []string{app + "/sessions/peer-report/" + s.Participants[0].ID}, []string{session}},
	} {
		f, err := simulator.ParseFault(tt.spec)
		if err != nil {
			t.Fatal(err)
		}
		c.sim.Script(f)
		for _, path := range tt.struck {
			if o := c.get(path); o.status != 403 {
				t.Errorf("%s: %s answers %d", tt.spec, path, o.status)
			}
		}
		for _, path := range tt.free {
			if o := c.get(path); o.status != 200 {
				t.Errorf("%s: %s answers %d", tt.spec, path, o.status)
			}
		}
	}
	for _, spec := range []string{"refused:of=rooms", "absurd-wait:as=year"} {
		if _, err := simulator.ParseFault(spec); err == nil {
			t.Errorf("%q is accepted", spec)
		}
	}
}

func TestApplyKnowsTheRegistry(t *testing.T) {
	t.Parallel()
	var opts simulator.Options
	for _, named := range simulator.Faults() {
		if err := opts.Apply(named.Name); err != nil {
			t.Errorf("%s: %v", named.Name, err)
		}
	}
	if opts.Quota != simulator.Cloudflare() || opts.Dialect.StrayQuotes != 3 || len(opts.Script) != len(effects()) {
		t.Errorf("%+v", opts)
	}
}

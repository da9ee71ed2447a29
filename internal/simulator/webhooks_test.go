package simulator_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// do sends a request with a body to a path of the first app.
func (c *client) do(method, path, body string) (status int, text string) {
	c.t.Helper()
	req := c.request(path)
	req.Method, req.Body = method, io.NopCloser(strings.NewReader(body))
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(got)
}

func (c *client) want(method, path, body string, status int, shows ...string) string {
	c.t.Helper()
	got, text := c.do(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, text)
	}
	for _, part := range shows {
		if !strings.Contains(text, part) {
			c.t.Fatalf("%s %s: no %s in %s", method, path, part, text)
		}
	}
	return text
}

func TestWebhookRegistration(t *testing.T) {
	t.Parallel()
	d, s := bulk(1)
	c := serve(t, d, simulator.Options{})
	hooks := "/" + s.AppID + "/webhooks"
	const one = `{"name":"n","url":"https://one.example/x","events":["meeting.ended"]}`
	c.want("GET", hooks, "", 404) // that is how an empty list is told
	made := c.want("POST", hooks, one, 200, `"enabled":true`, `"created_at"`)
	var answer struct{ Data struct{ ID string } }
	if err := json.Unmarshal([]byte(made), &answer); err != nil {
		t.Fatal(err)
	}
	hook := hooks + "/" + answer.Data.ID
	c.want("POST", hooks, strings.Replace(one, `"n"`, `"m"`, 1), 409)
	c.want("POST", hooks, `{"name":"n","url":"https://two.example/x"}`, 400)
	c.want("POST", hooks, `{"name":"n","url":"x","events":[]}`, 400)
	c.want("POST", hooks, `{"name":"n","url":"https://two.example/x","events":["session.ended"]}`, 400)
	c.want("GET", hooks, "", 200, answer.Data.ID)
	c.want("PATCH", hook, `{"enabled":false}`, 200, `"enabled":false`, `"meeting.ended"`)
	if text := c.want("PUT", hook, one, 200, answer.Data.ID); strings.Contains(text, "events") {
		t.Errorf("PUT answers the whole object: %s", text)
	}
	c.want("GET", hook, "", 200, `"url":"https://one.example/x"`)
	c.want("PUT", hooks, one, 405)
	c.want("DELETE", hook, "", 200, answer.Data.ID)
	c.want("DELETE", hook, "", 404)
	c.want("GET", hooks, "", 404)
	c.want("GET", "/00000000-0000-0000-0000-000000000000/webhooks", "", 404)
}

func TestWebhookKeptThough500(t *testing.T) {
	t.Parallel()
	d, s := bulk(1)
	c := serve(t, d, simulator.Options{})
	fault, err := simulator.ParseFault("webhook-kept-500:times=1")
	if err != nil {
		t.Fatal(err)
	}
	c.sim.Script(fault)
	const one = `{"name":"n","url":"https://one.example/x","events":["meeting.ended"]}`
	c.want("POST", "/"+s.AppID+"/webhooks", one, 500)
	c.want("POST", "/"+s.AppID+"/webhooks", one, 409)
}

// listener receives webhooks and proves them with what the simulator publishes.
type listener struct {
	url string

	mu     sync.Mutex
	status int
	bodies []string
	valid  int
	keyURL string
}

func listen(t *testing.T, c *client, status int) *listener {
	t.Helper()
	l := &listener{status: status, keyURL: c.url + simulator.KeyPath}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.bodies = append(l.bodies, string(body))
		digest := sha256.Sum256(body)
		signature, _ := base64.StdEncoding.DecodeString(r.Header.Get("rtk-signature"))
		if rsa.VerifyPKCS1v15(l.key(t), crypto.SHA256, digest[:], signature) == nil {
			l.valid++
		}
		w.WriteHeader(l.status)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL + "/hook"
	c.sim.Update(func(d *simulator.Data) {
		d.Apps[0].Webhooks = []*simulator.Webhook{{ID: "w", URL: l.url, Enabled: true, Events: simulator.WebhookEvents()}}
	})
	return l
}

func (l *listener) key(t *testing.T) *rsa.PublicKey {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.keyURL, http.NoBody)
	if err != nil {
		t.Error(err)
		return nil
	}
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer res.Body.Close()
	var document struct{ Data struct{ PublicKey string } }
	if err := json.NewDecoder(res.Body).Decode(&document); err != nil || !strings.Contains(document.Data.PublicKey, `\n`) {
		t.Errorf("the document is not as the vendor's: %v", err)
	}
	block, _ := pem.Decode([]byte(strings.ReplaceAll(document.Data.PublicKey, `\n`, "\n")))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Error(err)
	}
	return key.(*rsa.PublicKey)
}

func every(s *simulator.Session) []simulator.Happening {
	var all []simulator.Happening
	for _, event := range simulator.WebhookEvents() {
		all = append(all, simulator.Happening{Event: event, SessionID: s.ID, PeerID: s.Participants[0].ID})
	}
	return all
}

func TestWebhooksAreSent(t *testing.T) {
	t.Parallel()
	d, s := bulk(1)
	c := serve(t, d, simulator.Options{})
	l := listen(t, c, 204)
	sent := simulator.NewCourier(c.sim, c.http, simulator.Habits{}, 1).Announce(t.Context(), every(s)...)
	if len(sent) != 9 || l.valid != 9 {
		t.Fatalf("%d sent, %d valid", len(sent), l.valid)
	}
	for _, delivery := range sent {
		if delivery.Status != 204 || delivery.Tries != 1 {
			t.Errorf("%s: %d after %d tries", delivery.Event, delivery.Status, delivery.Tries)
		}
	}
	if all := strings.Join(l.bodies, ""); !strings.Contains(all, simulator.PlantedSecret) || strings.Count(all, s.ID) < 8 {
		t.Error("the bodies are not as the vendor's")
	}
	c.sim.Update(func(d *simulator.Data) { d.Apps[0].Webhooks[0].Events = []string{"meeting.ended"} })
	if sent := simulator.NewCourier(c.sim, c.http, simulator.Habits{}, 1).Announce(t.Context(), every(s)...); len(sent) != 1 {
		t.Errorf("%d sent to a webhook of one event", len(sent))
	}
}

func TestHabits(t *testing.T) {
	t.Parallel()
	for spec, holds := range map[string]func(sent []simulator.Sent, l *listener) bool{
		"webhooks-duplicated":       func(sent []simulator.Sent, l *listener) bool { return len(sent) == 18 && l.valid == 18 },
		"webhooks-lost:each=3":      func(sent []simulator.Sent, _ *listener) bool { return len(sent) == 6 },
		"webhooks-forged:each=3":    func(sent []simulator.Sent, l *listener) bool { return len(sent) == 12 && l.valid == 9 },
		"webhooks-of-others:each=3": func(sent []simulator.Sent, l *listener) bool { return len(sent) == 12 && l.valid == 12 },
		"webhooks-unknown:each=9": func(_ []simulator.Sent, l *listener) bool {
			return strings.Contains(strings.Join(l.bodies, ""), "levitated")
		},
		"webhooks-replayed:each=4": func(sent []simulator.Sent, _ *listener) bool {
			return len(sent) == 11 && sent[4].Event == "meeting.started"
		},
		"webhooks-late:most=1ms":      func(sent []simulator.Sent, _ *listener) bool { return len(sent) == 9 },
		"webhooks-at-once:count=2000": func(sent []simulator.Sent, _ *listener) bool { return len(sent) == 9 },
		"webhooks-reordered": func(sent []simulator.Sent, _ *listener) bool {
			return !slices.EqualFunc(sent, simulator.WebhookEvents(), func(s simulator.Sent, event string) bool { return s.Event == event })
		},
		"webhooks-with-gaps:each=1": func(_ []simulator.Sent, l *listener) bool {
			return strings.Contains(strings.Join(l.bodies, ""), `"createdAt":null`)
		},
	} {
		t.Run(spec, func(t *testing.T) {
			t.Parallel()
			d, s := bulk(1)
			var options simulator.Options
			if err := options.Apply(spec); err != nil {
				t.Fatal(err)
			}
			c := serve(t, d, options)
			l := listen(t, c, 204)
			if sent := simulator.NewCourier(c.sim, c.http, options.Habits, 7).Announce(t.Context(), every(s)...); !holds(sent, l) {
				t.Errorf("%d sent, %d valid:\n%s", len(sent), l.valid, strings.Join(l.bodies, "\n"))
			}
		})
	}
}

// A gap is in turn an absent member and a null, and comes to each member.
func TestGapsComeToAll(t *testing.T) {
	t.Parallel()
	d, s := bulk(1)
	c := serve(t, d, simulator.Options{})
	l := listen(t, c, 204)
	courier := simulator.NewCourier(c.sim, c.http, simulator.Habits{GapEvery: 1}, 7)
	seen := map[string]bool{}
	for range 60 {
		courier.Announce(t.Context(), simulator.Happening{Event: "meeting.ended", SessionID: s.ID})
	}
	for _, body := range l.bodies {
		seen[body] = true
		if !strings.Contains(body, `"sessionId":"`+s.ID) && !strings.Contains(body, `"meeting":null`) && strings.Contains(body, `"meeting"`) {
			t.Errorf("the session is not named: %s", body)
		}
	}
	if len(seen) != 2*8 { // the reason, and the members of the meeting but the session's id
		t.Errorf("%d different bodies", len(seen))
	}
}

func TestDeliveriesAreRetried(t *testing.T) {
	t.Parallel()
	for status, tries := range map[int]int{503: 4, 401: 1, 429: 1, 302: 1} {
		d, s := bulk(1)
		c := serve(t, d, simulator.Options{})
		listen(t, c, status)
		courier := simulator.NewCourier(c.sim, c.http, simulator.Habits{Pause: time.Millisecond}, 1)
		if sent := courier.Announce(t.Context(), every(s)[:1]...); sent[0].Tries != tries {
			t.Errorf("%d: %d tries", status, sent[0].Tries)
		}
	}
}

func TestPlay(t *testing.T) {
	t.Parallel()
	d, _ := bulk(1)
	sim := simulator.New(d, simulator.Options{})
	var events []string
	for i := range 8 {
		for _, h := range sim.Play(now.Add(time.Duration(i) * time.Minute)) {
			events = append(events, strings.TrimPrefix(h.Event, "meeting."))
		}
	}
	want := "started participantJoined participantJoined participantJoined participantLeft participantLeft participantLeft ended"
	if got := strings.Join(events, " "); got != want+" "+want {
		t.Error(got)
	}
	sessions, participants, _ := d.Counts()
	if sessions != 3 || participants != 7 {
		t.Errorf("%d sessions, %d participants", sessions, participants)
	}
}

package simulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

var now = time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)

// client asks one server the way the product does: over HTTP.
type client struct {
	t     *testing.T
	sim   *simulator.Server
	url   string
	http  *http.Client
	token string
}

func serve(t *testing.T, d *simulator.Data, opts simulator.Options) *client {
	t.Helper()
	sim := simulator.New(d, opts)
	srv := httptest.NewServer(sim)
	t.Cleanup(srv.Close)
	hc := srv.Client()
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{t: t, sim: sim, url: srv.URL, http: hc, token: "test-token"}
}

func (c *client) request(path string) *http.Request {
	c.t.Helper()
	if !strings.HasPrefix(path, "/client") {
		path = "/client/v4/accounts/" + simulator.DemoAccountID + "/realtime/kit" + path
	}
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.url+path, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	return req
}

// outcome is what a client sees of one answer; err may come with the body.
type outcome struct {
	status int
	header http.Header
	body   string
	err    error
	took   time.Duration
}

func (c *client) get(path string) outcome {
	c.t.Helper()
	start := time.Now()
	res, err := c.http.Do(c.request(path))
	if err != nil {
		return outcome{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return outcome{res.StatusCode, res.Header, string(body), err, time.Since(start)}
}

func (c *client) mustGet(path string, status int) string {
	c.t.Helper()
	o := c.get(path)
	if o.err != nil || o.status != status {
		c.t.Fatalf("GET %s: status %d, want %d, %v: %s", path, o.status, status, o.err, o.body)
	}
	return o.body
}

type paging struct {
	Total float64 `json:"total_count"`
	Start float64 `json:"start_offset"`
	End   float64 `json:"end_offset"`
}

type row map[string]any

type listing struct {
	Success bool
	Data    struct {
		Sessions     []row
		Participants []row
		Paging       *paging
	}
	Paging *paging
}

func (l listing) rows() []row { return append(l.Data.Sessions, l.Data.Participants...) }

func (l listing) paging() *paging {
	if l.Paging != nil {
		return l.Paging
	}
	return l.Data.Paging
}

func (c *client) list(path string) listing {
	c.t.Helper()
	var l listing
	body := c.mustGet(path, http.StatusOK)
	if err := json.Unmarshal([]byte(body), &l); err != nil {
		c.t.Fatalf("GET %s: %v in %s", path, err, body)
	}
	return l
}

func decode(t *testing.T, body string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %.300s", err, body)
	}
	return v
}

// bulk is a small data set with its only session.
func bulk(participants int) (*simulator.Data, *simulator.Session) {
	d := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: participants, EventsPerParticipant: 3}, 7, now)
	return d, d.Apps[0].Sessions[0]
}

func participantsPath(s *simulator.Session) string {
	return "/" + s.AppID + "/sessions/" + s.ID + "/participants"
}

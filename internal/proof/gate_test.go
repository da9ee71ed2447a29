package proof_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// moment is when a request is interrupted.
type moment string

const (
	asked    moment = "before the API has seen it"
	answered moment = "after the API has answered, before the answer arrives"
	told     moment = "after the answer has arrived, before it is decoded"
)

// alteration answers the nth request for a path in its own way; with code 0 it
// lets the answer be.
type alteration func(path string, nth int, body []byte) (code int, other []byte)

// gate stands between the program and the simulated API, as [tripwire] does
// before Postgres.
type gate struct {
	api    http.Handler
	alter  alteration // nil for none
	path   string     // where to spring; empty for nowhere
	when   moment
	spring func()

	sprung atomic.Bool
	calm   atomic.Bool // alter and spring no more

	mu    sync.Mutex
	paths []string
	times map[string]int
}

func (g *gate) listen(t *testing.T) (url string) {
	t.Helper()
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return server.URL + "/client/v4"
}

// asked gives the paths that were asked for, in the order of their first time.
func (g *gate) asked() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.paths)
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := anyID.ReplaceAllString(r.URL.Path, "*")
	path = path[strings.Index(path, "/realtime/kit/")+len("/realtime/kit/"):]
	g.mu.Lock()
	if !slices.Contains(g.paths, path) {
		g.paths = append(g.paths, path)
	}
	if g.times == nil {
		g.times = map[string]int{}
	}
	g.times[r.URL.Path]++
	nth := g.times[r.URL.Path]
	g.mu.Unlock()
	here := path == g.path && !g.calm.Load() && g.sprung.CompareAndSwap(false, true)
	if here && g.when == asked {
		g.spring()
		panic(http.ErrAbortHandler)
	}
	r.Header.Del("Accept-Encoding")
	answer := httptest.NewRecorder()
	g.api.ServeHTTP(answer, r)
	code, body := answer.Code, answer.Body.Bytes()
	if g.alter != nil && !g.calm.Load() {
		if other, text := g.alter(r.URL.Path, nth, body); other != 0 {
			code, body = other, text
		}
	}
	if here && g.when == answered {
		g.spring()
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body)
	if here {
		_ = http.NewResponseController(w).Flush()
		g.spring()
	}
}

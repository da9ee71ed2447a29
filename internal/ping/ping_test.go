package ping_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/ping"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// server keeps what it is sent, and answers by the handler.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	paths []string
	body  string
}

func newServer(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, number int)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.paths = append(s.paths, r.URL.RequestURI())
		s.body = string(body)
		number := len(s.paths)
		s.mu.Unlock()
		answer(w, r, number)
	}))
	t.Cleanup(s.Close)
	return s
}

func fine(w http.ResponseWriter, _ *http.Request, _ int) { _, _ = io.WriteString(w, "OK") }

func newSwitch(t *testing.T, address string) (*ping.Switch, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	s, err := ping.New(secret.New(address), slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s, log
}

// TestFailuresAreRepeatedAndTold has a passing fault mended, a lasting one
// logged, and the address in no log.
func TestFailuresAreRepeatedAndTold(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request, number int)
		log    string
	}{
		"fails once": {func(w http.ResponseWriter, r *http.Request, number int) {
			if number == 2 {
				w.WriteHeader(http.StatusBadGateway)
			}
		}, ""},
		"rate limited":  {func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusTooManyRequests) }, "status 429"},
		"unknown check": {func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusNotFound) }, "status 404; check ROLLCALL_PING_URL"},
		"unknown, said with 200": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			_, _ = io.WriteString(w, "OK (not found)")
		}, "does not know this check"},
		"redirect": {func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, "status 302"},
		"cut": {func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, c.answer)
			s, log := newSwitch(t, server.URL+"/ping-secret")
			s.Start(t.Context()).End(t.Context(), 0, "")
			if c.log == "" && log.Len() > 0 || !strings.Contains(log.String(), c.log) {
				t.Errorf("log is %q, want %q", log, c.log)
			}
			if strings.Contains(log.String(), "ping-secret") {
				t.Errorf("the address is in the log: %s", log)
			}
		})
	}
}

// TestBody bounds the body and leaves no half character.
func TestBody(t *testing.T) {
	server := newServer(t, fine)
	s, _ := newSwitch(t, server.URL+"/check?create=1")
	s.Start(t.Context()).End(t.Context(), 1, strings.Repeat("xää", 5000))
	if n := len(server.body); n > 10_000 || n < 9_990 || strings.ContainsRune(server.body, '\uFFFD') {
		t.Errorf("the body has %d bytes, ends in %q", n, server.body[n-5:])
	}
	if got := server.paths[1]; !strings.HasPrefix(got, "/check/1?create=1&rid=") {
		t.Errorf("the end goes to %s", got)
	}
}

// TestStoppedRunIsTold has the end sent although the run's context has ended.
func TestStoppedRunIsTold(t *testing.T) {
	server := newServer(t, fine)
	s, _ := newSwitch(t, server.URL)
	ctx, cancel := context.WithCancel(t.Context())
	r := s.Start(ctx)
	cancel()
	r.End(ctx, 75, "")
	if len(server.paths) != 2 || !strings.HasPrefix(server.paths[1], "/log?rid=") {
		t.Errorf("pings: %v", server.paths)
	}
}

// TestHangingServer delays no start, and an end by the time-out of two pings at
// most.
func TestHangingServer(t *testing.T) {
	server := newServer(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	s, log := newSwitch(t, server.URL)
	s.Patience(2 * time.Second)
	began := time.Now()
	r := s.Start(t.Context())
	if took := time.Since(began); took > time.Second {
		t.Errorf("the start took %s", took)
	}
	r.End(t.Context(), 0, "")
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("the run was delayed by %s", took)
	}
	if !strings.Contains(log.String(), "the run is not affected") {
		t.Errorf("log: %s", log)
	}
}

// TestAddress accepts addresses only, and does not repeat what it refuses.
func TestAddress(t *testing.T) {
	for _, bad := range []string{"ping-secret", "ftp://host/ping-secret", "https:///ping-secret", "http://host/%zz-ping-secret"} {
		_, err := ping.New(secret.New(bad), slog.New(slog.DiscardHandler))
		if err == nil || strings.Contains(err.Error(), "ping-secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	s, err := ping.New(secret.Text{}, nil)
	if s != nil || err != nil {
		t.Errorf("no address: %v, %v", s, err)
	}
	s.Start(t.Context()).End(t.Context(), 0, "") // tells nobody
}

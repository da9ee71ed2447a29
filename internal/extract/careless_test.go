package extract_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// A byte order mark before the JSON is no failure.
func TestByteOrderMarkIsPassedOver(t *testing.T) {
	t.Parallel()
	r := newRig(t, 25, nil)
	marked := func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		req.Header.Del("Accept-Encoding")
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, req)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "\uFEFF"+answer.Body.String())
	}
	r.sim.Script(simulator.Fault{Answer: marked})
	seen, events, pass, err := r.read(t.Context())
	if err != nil || len(seen) != 25 || events != 75 || !pass.Sound() {
		t.Errorf("%d rows, %d events, %+v: %v", len(seen), events, pass, err)
	}
}

// An answer that says in quotes that it failed holds no list of nobody.
func TestFailureInQuotesIsNoAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, 25, func(cfg *extract.Config) { cfg.RetryFor = 0 })
	r.sim.Script(simulator.Fault{Answer: simulator.Reply(http.StatusOK, nil,
		`{"success":"False","error":{"code":500,"message":"not now"},"data":{"participants":[]}}`)})
	if seen, _, pass, err := r.read(t.Context()); err == nil || !strings.Contains(err.Error(), "not now") {
		t.Errorf("%d rows, %+v: %v", len(seen), pass, err)
	}
}

package proof_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Many sessions that are all new in one run, read with as many at once as can be
// asked for: what is in memory and on its way stays bounded, and all arrives.
func TestManySessionsInOneRun(t *testing.T) {
	sessions := tries(1000, 10_000)
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: sessions, Participants: 4, EventsPerParticipant: 3},
		1, time.Now().UTC().Truncate(time.Hour))
	sim := simulator.New(data, simulator.Options{Token: "proof-token"})
	var now, most atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
		}
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	database := pgtest.New(t)
	s := &scene{t: t, sim: sim, api: server.URL + "/client/v4", account: data.AccountID, database: database, direct: database}
	p := s.start("run", "--quiet", "--concurrency", "64", "--without", "enrolment,daywise")
	if end := p.wait(); end.code != 0 {
		t.Fatalf("ends with %d:\n%s", end.code, end.stderr)
	} else {
		t.Logf("%d sessions in %s", sessions, end.took.Round(10*time.Millisecond))
	}
	if diff, err := oracle.Diff(t.Context(), s.connect(), sim, nil); err != nil || diff != "" {
		t.Fatalf("the warehouse is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
	}
	requests := sim.Stats().Requests
	peak := p.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10
	if runtime.GOOS == "darwin" { // there in bytes, else in KiB
		peak >>= 10
	}
	t.Logf("%d requests, at most %d at once, %d MiB resident at most", requests, most.Load(), peak)
	if want := sessions + (sessions+19)/20 + 1; requests != want {
		t.Errorf("%d requests, want %d: one a session, one a page of the list, one for the apps", requests, want)
	}
	if most.Load() > 64+1 || peak > 200 {
		t.Errorf("%d requests at once, %d MiB resident", most.Load(), peak)
	}
}

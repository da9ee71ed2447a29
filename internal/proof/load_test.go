package proof_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
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
	peak := p.peak()
	t.Logf("%d requests, at most %d at once, %d MiB resident at most", requests, most.Load(), peak)
	if want := sessions + (sessions+19)/20 + 1; requests != want {
		t.Errorf("%d requests, want %d: one a session, one a page of the list, one for the apps", requests, want)
	}
	if most.Load() > 64+1 || peak > 200 {
		t.Errorf("%d requests at once, %d MiB resident", most.Load(), peak)
	}
}

// Answers near the limit of a body, each as costly as can be, to all that ask at
// once: they are taken in one after the other.
func TestLargeAnswersAtOnce(t *testing.T) {
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 8, Participants: 2, EventsPerParticipant: 1},
		1, time.Now().UTC().Truncate(time.Hour))
	name := json.RawMessage(`"` + strings.Repeat(`\u00e9`, 40<<20/6) + `"`)
	for _, session := range data.AllSessions() {
		session.Participants[0].Extra = simulator.Extra{"display_name": name}
	}
	sim := simulator.New(data, simulator.Options{Token: "proof-token"})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	database := pgtest.New(t)
	s := &scene{t: t, sim: sim, api: server.URL + "/client/v4", account: data.AccountID, database: database, direct: database}
	p := s.start("run", "--quiet", "--concurrency", "8", "--without", "enrolment,daywise")
	end := p.wait()
	var stored int
	err := s.connect().QueryRow(t.Context(), `SELECT count(*) FROM realtimekit.participants WHERE length(display_name) = $1`, 40<<20/6).Scan(&stored)
	if end.code != 0 || err != nil || stored != len(data.AllSessions()) {
		t.Fatalf("ends with %d, %d names are stored: %v\n%s", end.code, stored, err, end.stderr)
	}
	t.Logf("%d answers of 40 MiB in %s, %d MiB resident at most", stored, end.took.Round(10*time.Millisecond), p.peak())
	if p.peak() > 400 {
		t.Errorf("%d MiB resident", p.peak())
	}
}

// peak gives the most memory that a process had that is at its end, in MiB.
func (p *process) peak() int64 {
	most := p.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10
	if runtime.GOOS == "darwin" { // there in bytes, else in KiB
		most >>= 10
	}
	return most
}

package proof_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Many sessions that are all new in one run, read with as many at once as can be
// asked for: what is in memory and on its way stays bounded, and all arrives.
func TestManySessionsInOneRun(t *testing.T) {
	sessions := sampling.Size(300, tries(1000, 10_000))
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
	ballast := bytes.Repeat([]byte{1}, 300<<20) // memory of the test is none of the program
	p := s.start("run", "--quiet", "--concurrency", "64", "--without", "enrolment,daywise")
	runtime.KeepAlive(ballast)
	end, peak := p.waitWatching()
	if end.code != 0 {
		t.Fatalf("ends with %d:\n%s", end.code, end.stderr)
	}
	if diff, err := oracle.Diff(t.Context(), s.connect(), sim, nil); err != nil || diff != "" {
		t.Fatalf("the warehouse is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
	}
	requests := sim.Stats().Requests
	t.Logf("%d sessions in %s: %d requests, at most %d at once, %d MiB resident at most",
		sessions, end.took.Round(10*time.Millisecond), requests, most.Load(), peak)
	if want := sessions + (sessions+19)/20 + 1; requests != want {
		t.Errorf("%d requests, want %d: one a session, one a page of the list, one for the apps", requests, want)
	}
	if most.Load() > 64+1 || peak > 200 {
		t.Errorf("%d requests at once, %d MiB resident", most.Load(), peak)
	}
}

// Answers near the limit of a body, each as costly as can be, to all that ask at
// once: they are taken in one after the other, and the memory of one is free before the next.
func TestLargeAnswersAtOnce(t *testing.T) {
	sampling.Long(t)
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 8, Participants: 2, EventsPerParticipant: 1},
		1, time.Now().UTC().Truncate(time.Hour))
	name := json.RawMessage(`"` + strings.Repeat(`\u00e9`, 40<<20/6) + `"`)
	for _, session := range data.AllSessions() {
		session.Participants[0].Extra = simulator.Extra{"display_name": name}
	}
	sim := simulator.New(data, simulator.Options{Token: "proof-token"})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	for name, tt := range map[string]struct {
		env  []string
		most int64 // MiB
	}{
		"as it is":                 {nil, 400},
		"a collector that is late": {[]string{"GOGC=400", "GOMEMLIMIT=4GiB"}, 600},
	} {
		t.Run(name, func(t *testing.T) {
			database := pgtest.New(t)
			s := &scene{t: t, sim: sim, api: server.URL + "/client/v4", account: data.AccountID, database: database, direct: database, env: tt.env}
			p := s.start("run", "--quiet", "--concurrency", "8", "--without", "enrolment,daywise")
			end, peak := p.waitWatching()
			var stored int
			err := s.connect().QueryRow(t.Context(), `SELECT count(*) FROM realtimekit.participants WHERE length(display_name) = $1`, 40<<20/6).Scan(&stored)
			if end.code != 0 || err != nil || stored != len(data.AllSessions()) {
				t.Fatalf("ends with %d, %d names are stored: %v\n%s", end.code, stored, err, end.stderr)
			}
			t.Logf("%d answers of 40 MiB in %s, %d MiB resident at most", stored, end.took.Round(10*time.Millisecond), peak)
			if peak > tt.most {
				t.Errorf("%d MiB resident, more than %d", peak, tt.most)
			}
		})
	}
}

// waitWatching is wait, and gives the most memory that the process had, in MiB: by
// what its system tells each millisecond, as the usage that Linux reports at the end
// of a process is never less than what its parent had when it began it.
func (p *process) waitWatching() (end outcome, peak int64) {
	p.t.Helper()
	ctx, ended := context.WithCancel(p.t.Context())
	defer ended()
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			peak = max(peak, peakOf(p.Process.Pid))
			<-tick.C
		}
	})
	end = p.wait()
	ended()
	watch.Wait()
	if peak == 0 && runtime.GOOS == "linux" {
		p.t.Error("the memory of the program could not be seen")
	}
	return end, peak
}

// peakOf gives the most memory that a running process had so far, in MiB: 0 where
// there is no /proc.
func peakOf(pid int) (most int64) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	_, _ = fmt.Sscan(string(after), &most) // in KiB
	return most >> 10
}

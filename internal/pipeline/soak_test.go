package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// inHaste are the faults of the simulator that take their time, in less of it.
var inHaste = map[string]string{
	"slow": "slow:delay=20ms", "drip": "drip:chunk=512,pause=1ms", "stall": "stall:pause=50ms", "huge": "huge:bytes=70000000",
	"gzip-bomb": "gzip-bomb:bytes=80000000", "rate-limited": "rate-limited:wait=1s", "envoy-rate-limited": "envoy-rate-limited:wait=1s",
}

// Everything that the simulator can do wrong, at random, run upon run in one
// process, while its clock jumps: the process does not grow, and once the API
// behaves the warehouse is exact. ROLLCALL_PROOF=long goes on for an hour,
// ROLLCALL_SOAK for as long as it says.
//
//nolint:paralleltest // what the process grows by must be this test's own
func TestEveryFaultForAWhile(t *testing.T) {
	sampling.Long(t)
	lasts := 4 * time.Second
	if os.Getenv("ROLLCALL_PROOF") == "long" {
		lasts = time.Hour
	}
	if text := os.Getenv("ROLLCALL_SOAK"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("ROLLCALL_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("ROLLCALL_SEED=%d", seed)
	s := &soak{rig: newRig(t, simulator.Generate(simulator.Size{Apps: 2, Sessions: 12, Participants: 30, EventsPerParticipant: 3}, 3, at)), rng: rand.New(rand.NewPCG(seed, 1))}
	s.sim.Update(func(d *simulator.Data) { // one goes on throughout
		s := d.Apps[0].Sessions[0]
		s.Status, s.EndedAt = simulator.StatusLive, time.Time{}
	})
	s.extract.RetryFor, s.budget.MaxWait = 50*time.Millisecond, 0
	s.extract.Timeout = time.Second
	s.config.Now = func() time.Time { return at.Add(s.jump) }
	runs, warm := 0, growth{}
	for end := time.Now().Add(lasts); time.Now().Before(end) || runs < 20; runs++ {
		s.once()
		if runs == 10 {
			warm = s.grown()
		}
	}
	now := s.grown()
	if s.worked == 0 || s.beside == 0 {
		t.Errorf("of %d runs %d read sessions, and %d other things were read", runs, s.worked, s.beside)
	}
	t.Logf("%d runs, of which %d read sessions, and %d meetings, days and peer reports; heap %d KiB, then %d KiB; goroutines %d, then %d", runs, s.worked, s.beside, warm.heap>>10, now.heap>>10, warm.goroutines, now.goroutines)
	if now.heap > 2*warm.heap+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes in %d runs", warm.heap, now.heap, runs)
	}
	if now.goroutines > warm.goroutines+3 {
		t.Errorf("goroutines grew from %d to %d in %d runs", warm.goroutines, now.goroutines, runs)
	}
	s.end()
}

// soak is a rig in which everything goes wrong for a while.
type soak struct {
	*rig
	rng    *rand.Rand
	jump   time.Duration
	worked int // runs that read sessions
	beside int // meetings, days and peer reports that were read
}

// once makes a run with one to three faults and another reading of the
// documentation.
func (s *soak) once() {
	s.t.Helper()
	s.log.Reset()
	known := slices.DeleteFunc(simulator.Faults(), func(f simulator.NamedFault) bool {
		// With late-row, lost-row makes two rows of one id, which no reading can make sound.
		return f.Name == "lost-row" || strings.HasPrefix(f.Name, "webhook")
	})
	var options simulator.Options
	for range 1 + s.rng.IntN(3) {
		entry := known[s.rng.IntN(len(known))]
		name := entry.Name
		if faster := inHaste[name]; faster != "" {
			name = faster
		}
		if entry.Kind == simulator.KindFault && s.rng.IntN(2) == 0 && !strings.HasPrefix(name, "every-") {
			name = fmt.Sprintf("every-%s-%s", [...]string{"2nd", "3rd", "4th"}[s.rng.IntN(3)], name)
		}
		if err := options.Apply(name); err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
	}
	for i := range options.Script {
		if options.Script[i].Do != nil {
			options.Script[i].Times = 1 // or an hour of new rows would be all that is read
		}
	}
	s.sim.SetDialect(options.Dialect)
	s.sim.Script(options.Script...)
	s.jump = time.Duration(s.rng.IntN(100)-20) * time.Hour
	yes := func() bool { return s.rng.IntN(2) == 0 }
	plan := pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{Enrolment: yes(), Daywise: yes(), PeerReports: yes()}}
	s.endPauses(time.Hour)
	if s.rng.IntN(3) == 0 {
		plan = pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(0, 0, -1-s.rng.IntN(9)), Full: yes()}
	}
	s.sim.Update(s.correct)
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	result, err := s.run(ctx, plan)
	if errors.Is(err, model.ErrStore) || errors.Is(err, model.ErrLocked) || errors.Is(err, context.DeadlineExceeded) {
		s.t.Errorf("%v ended with %v", slices.Collect(names(options.Script)), err)
	}
	if result.Totals.SessionsRead() > 0 {
		s.worked++
	}
	s.beside += result.Optional.Meetings + result.Optional.Days + result.Optional.PeersAsked
}

// correct gives a run something to do: somebody's name, in any session.
func (s *soak) correct(d *simulator.Data) {
	all := d.AllSessions()
	session := all[s.rng.IntN(len(all))]
	if len(session.Participants) == 0 {
		return
	}
	p := session.Participants[s.rng.IntN(len(session.Participants))]
	p.DisplayName = fmt.Sprintf("corrected %d times", s.rng.IntN(1000))
	p.UpdatedAt = p.UpdatedAt.Add(time.Second)
	session.UpdatedAt = session.UpdatedAt.Add(time.Second)
}

func names(faults []simulator.Fault) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := range faults {
			if !yield(faults[i].Name) {
				return
			}
		}
	}
}

// end lets the API behave.
func (s *soak) end() {
	s.t.Helper()
	s.sim.Script()
	s.sim.SetDialect(simulator.Dialect{})
	s.jump = 200 * time.Hour
	if _, err := s.run(s.t.Context(), pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), Full: true}); err != nil {
		s.t.Fatalf("after all faults: %v\n%s", err, s.log)
	}
	diff, err := oracle.DiffListed(s.t.Context(), s.pool, s.sim, nil)
	if err != nil || diff != "" {
		s.t.Fatalf("the warehouse is not what the API holds (-API +warehouse): %v\n%.4000s", err, diff)
	}
}

// growth is what must not grow.
type growth struct {
	heap       uint64 // bytes
	goroutines int
}

// grown measures without what the simulated API, in this process, too, remembers of
// the last 10,000 requests.
func (r *rig) grown() growth {
	r.sim.Reset()
	return grown()
}

func grown() growth {
	runtime.GC()
	runtime.GC() // the first may leave what pools and finalizers held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return growth{m.HeapAlloc, runtime.NumGoroutine()}
}

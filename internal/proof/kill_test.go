package proof_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// kill -9 at any moment of runs and backfills: while the API is awaited, and
// while a session is being stored.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	for _, seed := range sampling.Part(tries(3, 60)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, seed, pgtest.New(t))
			killed := 0
			for tried := 0; tried < 6 || killed == 0; tried++ { // a run that has little to do may be over before
				if tried == 60 {
					t.Fatal("no run was killed, so the test shows nothing")
				}
				if s.killOnce() {
					killed++
				}
			}
			t.Logf("%d runs killed", killed)
			s.exact()
		})
	}
}

// killOnce kills a run, at a request or at a moment within the time that a run
// takes, and tells whether it was still under way.
func (s *scene) killOnce() bool {
	s.t.Helper()
	started := make(chan *process, 1)
	kill := func() {
		p := <-started
		_ = p.Process.Kill() // it may have ended
	}
	if s.rng.IntN(2) == 0 {
		s.sim.Script(simulator.Fault{Nth: 1 + s.rng.IntN(40), Do: func(*simulator.Data) { go kill() }})
	} else {
		timer := time.AfterFunc(time.Duration(s.rng.Int64N(int64(300*time.Millisecond))), kill)
		defer timer.Stop()
	}
	p := s.start(s.anyCommand()...)
	started <- p
	end := p.wait()
	s.alone() // the lock is held until the server has noticed
	s.sim.Script()
	s.honest(end)
	switch end.code {
	case -1, 0, 3:
	default:
		s.t.Errorf("a run after a kill ends with %d:\n%s", end.code, end.stderr)
	}
	return end.code == -1
}

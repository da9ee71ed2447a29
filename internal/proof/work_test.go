package proof_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// step is one that the short form tries: a statement by a part of its text, or the commit of
// the transaction that begins with it.
type step struct {
	name, pattern   string
	isCommit, after bool
}

// jobSteps are those of the queue that the short form tries: where a worker is killed, and
// whether after the statement was carried out. The long form tries every statement.
var jobSteps = []step{
	{"the first request is about to be sent", "INSERT INTO sync.request_budgets", true, true},
	{"a list is ended and followed", "WITH job_input", true, false},
	{"sessions are queued", "SET missed = w.missed", true, true},
	{"a session is taken", "SET reader = $2", false, true},
	{"a session's job is ended", "DELETE FROM sync.session_jobs", false, false},
	{"a chunk is noted", "INSERT INTO sync.backfills", false, true},
	{"a backfill is ended", "DELETE FROM sync.backfills", false, false},
}

// allRead tells that workers have nothing left to do for a while.
const allRead = `SELECT (SELECT count(*) = 2 FROM sync.app_states WHERE discovered_at IS NOT NULL)
	AND NOT EXISTS (SELECT FROM sync.session_jobs WHERE due_at < now() + interval '30 seconds')
	AND NOT EXISTS (SELECT FROM analytics.stale_sessions)
	AND NOT EXISTS (SELECT FROM rollcall_queue.river_job WHERE state IN ('available', 'running', 'retryable') OR state = 'scheduled' AND kind = 'backfill_chunk')`

// TestWorkerKilledAtEachStep kills a worker before or after a statement. Another one then
// reads all there is: sessions and what is read beside them, and a backfill that was queued.
func TestWorkerKilledAtEachStep(t *testing.T) {
	t.Parallel()
	base := workScene(t)
	copies := new(atomic.Int64)
	twin := base.fresh(t, copies)
	w := newTripwire(t, twin.direct, nil, nil)
	twin.database = w.url
	var met []string // not those with which a worker stops
	twin.worked(t, func() { met = slices.Clone(w.statements) })
	eachPoint(t, sampling.Of(2, jobSteps), met, func(t *testing.T, at trap) {
		t.Helper()
		base.fresh(t, copies).killed(t, at)
	})
}

// eachPoint tries steps, and in the long form each of the statements that were met.
func eachPoint(t *testing.T, steps []step, met []string, kill func(t *testing.T, at trap)) {
	t.Helper()
	for _, n := range sampling.Part(len(steps)) {
		step := steps[n]
		at := slices.IndexFunc(met, func(text string) bool {
			return strings.HasPrefix(text, commitOf) == step.isCommit && strings.Contains(text, step.pattern)
		})
		if at < 0 {
			t.Errorf("nobody comes to the step %q", step.name)
			continue
		}
		t.Run(step.name, func(t *testing.T) { kill(t, trap{met[at], step.after}) })
	}
	if !long() {
		return
	}
	for _, text := range met {
		if hasEffect(strings.TrimPrefix(text, commitOf)) {
			for _, after := range []bool{false, true} {
				t.Run(map[bool]string{false: "before ", true: "after "}[after]+shorten(text), func(t *testing.T) { kill(t, trap{text, after}) })
			}
		}
	}
}

// workScene gives an account, and a warehouse in whose queue a full backfill waits.
func workScene(t *testing.T) *scene {
	t.Helper()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 6, Participants: 3, EventsPerParticipant: 2}, 7, time.Now().UTC().Truncate(time.Hour).Add(-48*time.Hour))
	annotate(data)
	sim := simulator.New(data, simulator.Options{Token: "proof-token"})
	s := &scene{t: t, rng: rand.New(rand.NewPCG(1, 1)), sim: sim, account: data.AccountID, direct: pgtest.New(t), twice: true}
	s.database, s.api = s.direct, (&gate{api: sim}).listen(t)
	s.mustRun("backfill", "--enqueue", "--full", "--from", "2020-01-01")
	s.alone()
	return s
}

// fresh gives a copy of the warehouse.
func (s *scene) fresh(t *testing.T, copies *atomic.Int64) *scene {
	t.Helper()
	copied := *s
	copied.t = t
	copied.direct = copied.copyDatabase(int(copies.Add(1)))
	copied.database = copied.direct
	return &copied
}

// killed lets a worker be killed at a point, and another go on.
func (s *scene) killed(t *testing.T, at trap) {
	t.Helper()
	t.Parallel()
	victim := make(chan *process, 1)
	w := newTripwire(t, s.direct, &at, func() { _ = (<-victim).Process.Kill() })
	s.database = w.url
	p := s.start("work")
	victim <- p
	s.awaitRead(t, w.sprung.Load)
	if long() && !w.sprung.Load() {
		_ = p.Process.Kill()
		p.wait()
		t.Skip("this time no worker came to it")
	}
	if end := p.wait(); !w.sprung.Load() || w.failed.Load() || end.code != -1 {
		t.Fatalf("the point was not reached (%v), or the server refused the statement (%v); the worker ended with %d:\n%s",
			!w.sprung.Load(), w.failed.Load(), end.code, end.stderr)
	}
	s.database = s.direct
	s.worked(t, func() {})
}

// awaitRead waits until workers have nothing left to do, or enough says so.
func (s *scene) awaitRead(t *testing.T, enough func() bool) {
	t.Helper()
	pool := s.connect()
	for began, done := time.Now(), false; !done && !enough(); {
		if err := pool.QueryRow(t.Context(), `SELECT (`+allRead+`) FROM pg_sleep(0.05)`).Scan(&done); err != nil {
			t.Fatal(err)
		}
		if time.Since(began) > longest/2 {
			t.Errorf("the worker does not come to its end")
			return
		}
	}
}

// worked lets a worker work until nothing is left, and compares.
func (s *scene) worked(t *testing.T, beforeStop func()) {
	t.Helper()
	pool := s.connect()
	p := s.start("work")
	s.awaitRead(t, func() bool { return false })
	beforeStop()
	p.stop()
	if diff, err := oracle.Diff(t.Context(), pool, s.sim, nil); err != nil || diff != "" {
		t.Errorf("the warehouse is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
	}
	if diff, err := oracle.DiffBeside(t.Context(), pool, s.sim); err != nil || diff != "" {
		t.Errorf("what is read beside the sessions is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
	}
	s.sound(pool)
	var left int
	if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM sync.backfills) + (SELECT count(*) FROM sync.session_jobs WHERE reader IS NOT NULL)
		+ (SELECT count(*) FROM rollcall_queue.river_job WHERE state IN ('running', 'discarded', 'cancelled'))
		+ (SELECT count(*) FROM (SELECT FROM rollcall_queue.river_job WHERE kind = 'list_app' AND state = 'scheduled' GROUP BY args HAVING count(*) > 1) AS d)
		+ (SELECT abs(count(*) - 2) FROM rollcall_queue.river_job WHERE kind = 'list_app' AND state = 'scheduled')`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d things are left in the queue that should not be: %v", left, err)
	}
}

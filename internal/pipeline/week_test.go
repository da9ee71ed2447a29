package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// A week of cron runs in virtual time: a seed decides when sessions begin, who
// comes and goes, when they end, what is corrected afterwards and what vanishes;
// which runs meet which faults, which are stopped, which lose their database, and
// by how much the clock of the program is wrong. In the end the cron runs alone
// must have brought the warehouse to what the API holds. ROLLCALL_SEEDS asks for
// more weeks, ROLLCALL_SEED for one of them.
func TestAWeekOfCronRuns(t *testing.T) {
	t.Parallel()
	for _, seed := range sampling.Seeds(t, 1, 4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			newWeek(t, seed).live()
		})
	}
}

// The same seed gives the same week, or a failing one could not be found again.
func TestAWeekRepeats(t *testing.T) {
	t.Parallel()
	first, second := newWeek(t, 1848), newWeek(t, 1848)
	first.length = sampling.Size(2, 3)
	second.length = first.length
	first.live()
	second.live()
	if !slices.Equal(first.journal, second.journal) {
		t.Errorf("the seed gave two weeks:\n%q\n%q", first.journal, second.journal)
	}
}

// week is an account and its warehouse in virtual time.
type week struct {
	*rig
	*testbed.World
	rng      *rand.Rand
	length   int  // in days
	lostRows bool // some were stored more than once
	// unnoticed tells that rows were taken away that no run has looked for since.
	unnoticed bool
	journal   []string // one line a run
	moves     bool     // to a restored copy, in the middle of the week
}

func newWeek(t *testing.T, seed uint64) *week {
	t.Helper()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 4, Participants: 3, EventsPerParticipant: 3}, seed, at)
	rng := rand.New(rand.NewPCG(seed, 7))
	w := &week{rig: newRig(t, data), World: testbed.NewWorld(rng, at), rng: rng, length: 7, moves: seed%4 == 3}
	w.config.Now = func() time.Time { return w.Now }
	w.config.Settle -= time.Minute                 // a run that begins on the second at which a session settles goes by chance
	w.config.Concurrency = 1                       // several at once would not repeat
	w.extract.RetryFor, w.extract.PerPage = 0, 100 // pauses between tries, and pages that are listed beside, would not either
	t.Cleanup(func() {
		if t.Failed() {
			name, _, _ := strings.Cut(t.Name(), "/")
			t.Logf("again: ROLLCALL_SEED=%d go test ./internal/pipeline -run %s\n%q", seed, name, w.journal)
		}
	})
	return w
}

// live goes through the week, and then lets the API behave.
func (w *week) live() {
	w.t.Helper()
	every := []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 13 * time.Hour}[w.rng.IntN(5)]
	end, half := at.AddDate(0, 0, w.length), at.Add(84*time.Hour)
	for ; w.Now.Before(end); w.pass(every) {
		w.sim.Update(func(d *simulator.Data) { w.Happen(d) })
		w.run1()
		if w.moves && w.Now.After(half) {
			w.moves = false
			w.moveHouse("")
		}
	}
	w.sim.Script()
	for range 2 { // what failed waits for up to a day
		w.pass(25 * time.Hour)
		if _, err := w.run(w.t.Context(), pipeline.Plan{Kind: model.KindRun}); err != nil {
			w.t.Fatalf("a run after all faults: %v\n%s", err, w.log)
		}
	}
	w.compare()
	all := pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), Full: true}
	before := w.versions()
	w.must(all, model.RunSucceeded)
	if w.versions() != before {
		w.t.Error("one more reading of the same wrote rows")
	}
}

// pass lets time go on, in the clocks and in what the database notes for later.
func (w *week) pass(d time.Duration) {
	w.t.Helper()
	w.Now = w.Now.Add(d)
	w.endPauses(d)
}

// run1 makes one run of cron, or now and then a backfill beside it, with whatever
// goes wrong.
func (w *week) run1() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	var script []simulator.Fault
	for range w.rng.IntN(3) {
		fault, err := simulator.ParseFault(weekFaults[w.rng.IntN(len(weekFaults))])
		if err != nil {
			w.t.Fatal(err)
		}
		script = append(script, fault)
	}
	lost, wrong := false, false
	switch w.rng.IntN(8) {
	case 0:
		// The stop comes first, and no answer after it: which of the two the program
		// notices would be up to chance, and a session whose last page has come is stored.
		script = append([]simulator.Fault{{
			Nth: 1 + w.rng.IntN(9), Do: func(*simulator.Data) { cancel() },
			Answer: func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() },
		}}, script...)
	case 1:
		script = append(script, simulator.Fault{Nth: 1 + w.rng.IntN(9), Do: func(*simulator.Data) { lost = w.loseDatabase() }})
	case 2:
		w.skew = w.days()
	case 3:
		w.sim.SetDate(w.days())
		defer w.sim.SetDate(0)
		wrong = true
	case 4:
		if w.rng.IntN(3) == 0 {
			w.lostRows, w.unnoticed = true, true
			w.exec(losses[w.rng.IntN(len(losses))])
		}
	}
	wrong = wrong || w.skew != 0
	w.sim.Script(script...)
	plan := pipeline.Plan{Kind: model.KindRun}
	if w.rng.IntN(12) == 0 {
		plan = pipeline.Plan{Kind: model.KindBackfill, From: w.Now.AddDate(0, 0, -1-w.rng.IntN(9)), Full: w.rng.IntN(2) == 0}
	}
	result, err := w.run(ctx, plan)
	if errors.Is(err, model.ErrStore) && !lost {
		w.t.Errorf("the database failed: %v", err)
	}
	if err == nil && wrong != (result.Clocks != "") {
		w.t.Errorf("a clock is wrong: %t; the run says %q and is %s", wrong, result.Clocks, result.Status)
	}
	w.skew = 0
	if err == nil && (plan.Kind == model.KindRun || plan.Full) {
		w.unnoticed = false
	}
	if diff, err := oracle.DiffComplete(w.t.Context(), w.pool, w.sim); !lost && !w.unnoticed && (err != nil || diff != "") {
		w.t.Errorf("what is called complete is not what the API holds (-API +warehouse): %v\n%.3000s\n%s", err, diff, w.log)
	}
	if lost {
		w.journal = append(w.journal, plan.Kind+" lost") // whether it could still say so is up to chance
		w.pool.Reset()                                   // the next run is a process of its own
		return
	}
	w.journal = append(w.journal, fmt.Sprint(plan.Kind, " ", result.Status, " ", result.Totals.SessionsRead(), " ", result.Totals.Read, " ", err != nil))
}

// days is by how much a clock is wrong, in either direction. A Date has whole seconds,
// and half a minute beside what the world does decides nothing by chance.
func (w *week) days() time.Duration {
	return time.Duration(1+w.rng.IntN(9*24))*time.Hour*time.Duration(1-2*w.rng.IntN(2)) + 30*time.Second
}

// weekFaults are those in which the data do not change, which is up to the week,
// and nobody waits in real time.
var weekFaults = slices.DeleteFunc(slices.Clone(faults), func(name string) bool {
	return slices.Contains([]string{"late-row", "late-joiner", "new-session", "rate-limited:wait=0s,every=5", "absurd-wait:as=clock,nth=2"}, name)
})

// loseDatabase ends all connections of the program at once.
func (w *week) loseDatabase() bool {
	const others = ` FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
	conn, err := pgtest.Connect(w.t.Context(), w.database.Reveal())
	if err != nil {
		w.t.Error(err)
		return false
	}
	defer conn.Close(w.t.Context())
	if _, err := conn.Exec(w.t.Context(), `SELECT pg_terminate_backend(pid, 60000)`+others); err != nil {
		w.t.Error(err)
	}
	return true
}

// compare asks the oracle.
func (w *week) compare() {
	w.t.Helper()
	diff, err := oracle.DiffListed(w.t.Context(), w.pool, w.sim, w.Vanished)
	if err != nil || diff != "" {
		w.t.Fatalf("the warehouse is not what the API holds (-API +warehouse): %v\n%.4000s\n%s", err, diff, w.log)
	}
	// A backfill that was killed is closed by the next one.
	if n := w.number(`SELECT count(*) FROM sync.runs WHERE status = 'running' AND kind = 'run'`); n != 0 {
		w.t.Errorf("%d runs are still running", n)
	}
	if counted, stored := w.number(`SELECT sum(rows_inserted) FROM sync.run_sessions`), w.number(`SELECT (SELECT count(*) FROM realtimekit.sessions)
		+ (SELECT count(*) FROM realtimekit.participants) + (SELECT count(*) FROM realtimekit.peer_events)`); counted != stored && !w.lostRows {
		w.t.Errorf("the ledger counted %d new rows, %d are stored", counted, stored)
	}
}

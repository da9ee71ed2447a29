package worker_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// weekFaults are those of the API in which the data do not change, which is up to the week,
// and nobody waits in real time.
var weekFaults = []string{
	"every-2nd-500", "every-3rd-502", "truncated:every=3", "reset:every=4", "html-200:every=3", "garbage:every=2", "empty:every=3",
	"unsuccessful:every=4", "html:nth=2", "gone:nth=2", "status:code=500,path=*/participants", "reset", "bad-token:nth=4",
	"refused:code=403,ids=012", "refused:code=451,ids=0123456789abcdef", "refused:of=apps,code=409,ids=01234567", "redirect:path=*/participants,every=3",
	"absurd-wait:as=date,nth=3", "absurd-wait:as=seconds,nth=4",
}

// accidents are those of a step.
func (w *week) accidents() (script []simulator.Fault) {
	w.Helper()
	if w.rng.IntN(4) == 0 {
		script = append(script, simulator.Fault{
			Nth: 1 + w.rng.IntN(9), Do: func(*simulator.Data) {
				w.kill()
				w.isKilled.Store(true)
				w.sim.Script() // what its successor asks for first is up to chance
			},
			Answer: func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) },
		})
	}
	for range w.rng.IntN(3) {
		fault, err := simulator.ParseFault(weekFaults[w.rng.IntN(len(weekFaults))])
		if err != nil {
			w.Fatal(err)
		}
		script = append(script, fault)
	}
	return script
}

// soonSQL is what is due by now, or so soon that a step comes to it. Pauses are twice as long
// each time, so that none ends near this bound by chance.
const soonSQL = `state IN ('available', 'scheduled', 'retryable') AND scheduled_at <= clock_timestamp() + interval '4 minutes'`

// bringForward makes what is due soon due at once, in an order that repeats, and wakes the
// workers. It gives how many jobs that were.
func (w *week) bringForward() int {
	w.Helper()
	return w.count(`WITH due AS (SELECT id, queue, row_number() OVER (ORDER BY kind, args::text) AS n FROM rollcall_queue.river_job WHERE ` + soonSQL + `),
		moved AS (UPDATE rollcall_queue.river_job AS j SET state = 'available', scheduled_at = now() - interval '1 minute' + d.n * interval '1 ms'
			FROM due AS d WHERE d.id = j.id RETURNING j.queue)
		SELECT count(*) FROM moved, LATERAL pg_notify('rollcall_queue.river_insert', json_build_object('queue', queue)::text)`)
}

// untilIdle waits until nothing is due and nothing runs. A budget that is closed for long ends
// the step, and so does nothing else. Where a worker was killed another one takes its place.
func (w *week) untilIdle() {
	w.Helper()
	replaced := false
	for began := time.Now(); ; {
		if w.isKilled.Load() && !replaced {
			replaced = true
			defer w.work()()
		}
		busy := w.count(`SELECT count(*) FILTER (WHERE state = 'running' OR state = 'available' AND scheduled_at <= clock_timestamp()) + (count(*) = 0)::int
			FROM rollcall_queue.river_job, pg_sleep(0.04)`) // one that begins makes the first
		switch {
		case time.Since(began) > time.Minute:
			w.Fatalf("the workers do not come to an end:\n%s", w.jobs())
		case busy > 0:
		case w.isClosed(), w.bringForward() == 0:
			return
		}
	}
}

// isClosed tells that an answer of the API lets nobody send for long.
func (w *week) isClosed() bool {
	return w.count(`SELECT count(*) FROM sync.request_budgets WHERE (state ->> 'closed_until')::timestamptz > clock_timestamp() + interval '10 seconds'`) > 0
}

// pass lets time go on, in the clock of the pipeline and in what the database notes for later.
func (w *week) pass(d time.Duration) {
	w.Helper()
	w.Now = w.Now.Add(d)
	for _, set := range []string{
		`sync.session_states SET retry_at = retry_at - $1`,
		`sync.session_jobs SET due_at = due_at - $1, wanted_at = wanted_at - $1`,
		`sync.app_webhooks SET last_event_at = last_event_at - $1, missed_at = missed_at - $1`,
		`sync.webhook_events SET first_received_at = first_received_at - $1, last_received_at = last_received_at - $1`,
		`rollcall_queue.river_job SET scheduled_at = scheduled_at - $1 WHERE state IN ('available', 'scheduled', 'retryable')`,
	} {
		if _, err := w.pool.Exec(w.Context(), `UPDATE `+strings.ReplaceAll(set, "$1", "$1::interval"), d); err != nil {
			w.Fatal(err)
		}
	}
	if w.isClosed() {
		w.exec(`DELETE FROM sync.request_budgets`)
	}
}

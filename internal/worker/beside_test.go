package worker_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

// again lets all lists and optional reads be made anew, by a worker that then ends.
func (f *fleet) again() {
	f.Helper()
	f.exec(`UPDATE rollcall_queue.river_job SET state = 'available', scheduled_at = now() WHERE kind IN ('list_app', 'optional_reads') AND state = 'scheduled'`)
	stop := f.start()
	f.until("all lists and optional reads made", `SELECT count(*) = 0 FROM rollcall_queue.river_job
		WHERE kind IN ('list_app', 'optional_reads') AND (state IN ('available', 'running', 'retryable') OR state = 'scheduled' AND scheduled_at < now() + interval '1 minute')`)
	f.until("no job due", idle)
	stop()
}

func (f *fleet) exec(sql string) {
	f.Helper()
	if _, err := f.pool.Exec(f.Context(), sql); err != nil {
		f.Fatal(err)
	}
}

// read lets workers read all there is, with the optional reads.
func (f *fleet) read() {
	f.Helper()
	f.optional = pipeline.Optional{Enrolment: true, Daywise: true, PeerReports: true, Recordings: true}
	stop := f.start()
	f.until("the apps are listed", `SELECT count(*) > 0 AND bool_and(discovered_at IS NOT NULL) FROM sync.app_states`)
	f.until("no job due", idle)
	stop()
	f.again()
}

// What a run reads beside the sessions workers read too, each app by one job at most.
func TestOptionalReads(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 2, Sessions: 12, Participants: 4, EventsPerParticipant: 2}, 3, time.Now()))
	f.read()
	f.same()
	if diff, err := oracle.DiffBeside(t.Context(), f.pool, f.sim); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if n := f.count(`SELECT sum(other_rows_written) FROM sync.runs WHERE kind = 'work'`); n == 0 {
		t.Error("the ledger counts no rows of the optional reads")
	}
	// What fails is asked for again sooner than the next list would.
	f.exec(`UPDATE sync.meeting_states SET sessions_seen = NULL; UPDATE sync.endpoint_states SET read_at = '2020-01-01', asked_at = '2020-01-01'`)
	down, err := simulator.ParseFault("422:path=*/daywise*")
	if err != nil {
		t.Fatal(err)
	}
	f.sim.Script(down)
	f.again()
	if n := f.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'optional_reads' AND state = 'scheduled' AND scheduled_at < now() + interval '16 minutes'`); n != 2 {
		t.Errorf("%d apps are asked again soon\n%s", n, f.jobs())
	}
}

// Optional reads take minutes. Those of many apps leave the places of a worker to sessions,
// and are made one after the other.
func TestOptionalReadsLeaveRoomForSessions(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 5, Sessions: 5, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	f.since, f.optional = time.Now().Add(24*time.Hour), pipeline.Optional{Enrolment: true} // lists leave all sessions out
	f.exec(`CREATE TABLE public.gate ()`)
	f.exec(`CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM FROM public.gate; RETURN NEW; END $$`)
	f.exec(`CREATE TRIGGER wait BEFORE UPDATE ON rollcall_queue.river_job FOR EACH ROW
		WHEN (NEW.kind = 'optional_reads' AND NEW.state = 'completed') EXECUTE FUNCTION public.wait()`)
	gate, err := f.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = gate.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := gate.Exec(t.Context(), `LOCK TABLE public.gate`); err != nil {
		t.Fatal(err)
	}
	f.start()
	f.until("all apps are listed, and optional reads of one do not end", `SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'public.gate'::regclass AND NOT granted)
		AND (SELECT count(*) = 5 FROM rollcall_queue.river_job WHERE kind = 'list_app' AND state = 'scheduled')`)
	if _, err := f.inbox.Receive(t.Context(), event(f, f.data.Apps[4].Sessions[0], webhook.MeetingEnded)); err != nil {
		t.Fatal(err)
	}
	f.until("the session is read", `SELECT count(*) = 1 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	if n := f.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'optional_reads' AND state = 'running'`); n != 1 {
		t.Errorf("optional reads of %d apps at once:\n%s", n, f.jobs())
	}
	if err := gate.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.until("those of all apps are made", `SELECT count(*) = 5 FROM rollcall_queue.river_job WHERE kind = 'optional_reads' AND state = 'completed'`)
}

// A quiet app costs the request of its list and no other.
func TestQuietAppsCostNoOptionalReads(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 2, Sessions: 8, Participants: 2, EventsPerParticipant: 1}, 3, time.Now().Add(-10*24*time.Hour)))
	f.read()
	for _, app := range f.data.Apps {
		if _, err := f.inbox.Receive(t.Context(), event(f, app.Sessions[0], webhook.MeetingEnded)); err != nil {
			t.Fatal(err)
		}
	}
	f.exec(`UPDATE sync.app_webhooks SET first_event_at = '2000-01-01', last_event_at = now() - interval '9 days'`)
	f.exec(`DELETE FROM sync.session_jobs`)
	f.exec(`UPDATE sync.endpoint_states SET asked_at = now() - interval '8 days', read_at = read_at - interval '8 days'`)
	f.sim.Reset()
	f.again()
	if stats := f.sim.Stats(); stats.ByRoute[simulator.RouteSessions] != 2 || stats.Requests != 2 {
		t.Errorf("two quiet apps cost %+v", stats.ByRoute)
	}
}

// The list of an app ends when it is made, not when the worker began.
func TestListsEndWithTheirJob(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	f.start()
	f.until("the app is listed", `SELECT count(*) = 1 FROM rollcall_queue.river_job WHERE kind = 'list_app' AND state = 'scheduled'`)
	f.sim.Play(time.Now())
	f.exec(`UPDATE rollcall_queue.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'list_app' AND state = 'scheduled'`)
	f.until("the new session is read", `SELECT count(*) = 2 FROM realtimekit.sessions`)
}

// backfill queues a backfill of a range and lets workers do it.
func (f *fleet) backfill(from time.Time, full bool) {
	f.Helper()
	for want := 1; want >= 0; want-- { // the second time it is there
		if made, err := f.queue.Backfill(f.Context(), f.data.AccountID, nil, from, time.Time{}, full); made != want || err != nil {
			f.Fatal(made, err)
		}
	}
	one, two := f.start(), f.start()
	f.until("the backfill is done", `SELECT count(*) = 0 FROM rollcall_queue.river_job WHERE kind = 'backfill_chunk' AND state <> 'completed'`)
	f.until("no job due", idle)
	one()
	two()
}

// A backfill that is queued is done by workers, chunk by chunk, and reads what the same
// command would.
func TestQueuedBackfill(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 2, Sessions: 20, Participants: 3, EventsPerParticipant: 1}, 3, time.Now()))
	f.since = time.Now().Add(24 * time.Hour) // lists leave all out
	stop := f.start()
	f.until("both apps listed", `SELECT count(*) = 2 FROM sync.app_states WHERE discovered_at IS NOT NULL`)
	stop()
	from := time.Now().Add(-400 * 24 * time.Hour)
	f.backfill(from, false)
	f.same()
	if n := f.count(`SELECT count(*) FROM sync.backfills`); n != 0 {
		t.Errorf("%d checkpoints are left", n)
	}
	if chunks := f.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'backfill_chunk'`); chunks < 8 {
		t.Errorf("%d jobs for 400 days", chunks)
	}
	f.exec(`UPDATE sync.session_states SET settled_at = now()`)
	f.exec(`DELETE FROM sync.session_jobs`)
	for _, full := range []bool{false, true} {
		f.sim.Reset()
		f.backfill(from, full)
		want := 0
		if full {
			want = 20
		}
		if n := f.sim.Stats().ByRoute[simulator.RouteParticipants]; n != want {
			t.Errorf("full %v: %d sessions are read", full, n)
		}
	}
	f.same()
}

// A list that does not add up holds the checkpoint, and is asked for again later.
func TestUnsoundChunkIsListedAgain(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 5, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	f.since = time.Now().Add(24 * time.Hour)
	f.sim.Script(simulator.Fault{Path: "*/sessions", Answer: simulator.Reply(http.StatusOK, nil,
		`{"success":true,"data":{"sessions":[]},"paging":{"total_count":3,"start_offset":0,"end_offset":0}}`)})
	if _, err := f.queue.Backfill(t.Context(), f.data.AccountID, []string{f.data.Apps[0].ID}, time.Now().Add(-60*24*time.Hour), time.Time{}, false); err != nil {
		t.Fatal(err)
	}
	f.start()
	f.until("it is put off", `SELECT EXISTS (SELECT FROM rollcall_queue.river_job WHERE kind = 'backfill_chunk' AND state = 'scheduled' AND (args ->> 'rounds')::int = 1)`)
	if n := f.count(`SELECT count(*) FROM sync.backfills`); n != 0 {
		t.Error("a checkpoint passes over a list that does not add up")
	}
	f.sim.Script()
	f.exec(`UPDATE rollcall_queue.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'backfill_chunk' AND state = 'scheduled'`)
	f.until("it is done", `SELECT count(*) = 0 FROM rollcall_queue.river_job WHERE kind = 'backfill_chunk' AND state <> 'completed'`)
	f.until("all is read", `SELECT count(*) = 5 FROM sync.session_states WHERE complete_at IS NOT NULL`)
}

// A chunk that is about to save its checkpoint while the backfill is given up leaves none.
func TestBackfillGivenUpWhileAChunkRuns(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 5, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	gate, err := f.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Release()
	pgtest.Exec(t, gate, `SELECT pg_advisory_lock(19)`)
	f.exec(`CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(19); RETURN NEW; END $$`)
	f.exec(`CREATE TRIGGER wait BEFORE INSERT ON sync.backfills FOR EACH ROW EXECUTE FUNCTION public.wait()`)
	from := time.Now().Add(-60 * 24 * time.Hour)
	if _, err := f.queue.Backfill(t.Context(), f.data.AccountID, []string{f.data.Apps[0].ID}, from, time.Time{}, false); err != nil {
		t.Fatal(err)
	}
	f.start()
	f.until("the checkpoint waits", `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)`)
	given := make(chan struct{})
	go func() {
		defer close(given)
		f.forget()
		if _, err := f.pool.Exec(t.Context(), `CREATE TABLE public.given ()`); err != nil {
			t.Error(err)
		}
	}()
	f.until("the backfill is given up, or that waits", `SELECT to_regclass('public.given') IS NOT NULL
		OR EXISTS (SELECT FROM pg_locks WHERE locktype IN ('transactionid', 'tuple') AND NOT granted)`)
	pgtest.Exec(t, gate, `SELECT pg_advisory_unlock(19)`)
	<-given
	f.until("no job is left", `SELECT NOT EXISTS (SELECT FROM rollcall_queue.river_job WHERE kind = 'backfill_chunk' AND state IN ('available', 'running', 'scheduled', 'retryable'))`)
	if n := f.count(`SELECT count(*) FROM sync.backfills`); n != 0 {
		t.Errorf("%d checkpoints are left", n)
	}
}

// forget is rollcall backfill --forget but for its flags.
func (f *fleet) forget() {
	all, err := f.queue.Chunks(f.Context(), f.data.AccountID)
	if err != nil || len(all) != 1 {
		f.Errorf("%+v %v", all, err)
		return
	}
	if _, err := f.queue.ForgetBackfill(f.Context(), f.data.AccountID, all[0].From, all[0].To, false); err != nil {
		f.Error(err)
	}
	run := model.Run{AccountID: f.data.AccountID, From: all[0].From, To: all[0].To}
	if _, err := ledger.New(warehouse.New(f.pool, f.logger)).ForgetBackfill(f.Context(), run); err != nil {
		f.Error(err)
	}
}

// Sessions that are stored ask for the usage by day: one job of all, by one worker.
func TestUsageFollowsSessions(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 2, Sessions: 30, Participants: 3, EventsPerParticipant: 2}, 3, time.Now().Add(-48*time.Hour)))
	f.start()
	f.start()
	f.until("all sessions read", `SELECT count(*) = 30 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	f.until("no job due", idle)
	f.exec(`UPDATE rollcall_queue.river_job SET scheduled_at = now() WHERE kind = 'refresh_usage'`)
	f.until("the usage is counted", `SELECT NOT EXISTS (SELECT FROM analytics.stale_sessions) AND NOT EXISTS (SELECT FROM rollcall_queue.river_job WHERE kind = 'refresh_usage' AND state <> 'completed')`)
	if n := f.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'refresh_usage'`); n < 1 || n > 3 {
		t.Errorf("%d jobs for 30 sessions:\n%s", n, f.jobs())
	}
	if n := f.count(`SELECT sum(sessions_started) FROM analytics.usage_days`); n != 30 {
		t.Errorf("the days have %d sessions", n)
	}
}

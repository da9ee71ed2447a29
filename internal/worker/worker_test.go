package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/webhook"
	"github.com/rollcall-etl/rollcall/internal/worker"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// fleet is a warehouse, the API that fills it, and what workers of it share.
type fleet struct {
	testing.TB
	sim    *simulator.Server
	data   *simulator.Data
	server *httptest.Server
	pool   *pgxpool.Pool
	queue  *queue.Queue
	inbox  *queue.Inbox
	url    string
	logger *slog.Logger // of workers
	since  time.Time    // of workers
	key    *privacy.Key // of workers

	optional     pipeline.Optional // of workers
	refusedPause time.Duration     // of workers; 0 for theirs
}

func newFleet(tb testing.TB, data *simulator.Data) *fleet {
	tb.Helper()
	f := &fleet{TB: tb, data: data, sim: simulator.New(data, simulator.Options{}), url: pgtest.New(tb), logger: slog.New(slog.DiscardHandler)}
	f.server = httptest.NewServer(f.sim)
	tb.Cleanup(f.server.Close)
	f.pool = pgtest.Open(tb, f.url, 8)
	var err error
	if f.queue, err = queue.New(f.pool, slog.New(slog.DiscardHandler)); err != nil {
		tb.Fatal(err)
	}
	f.inbox = queue.NewInbox(f.queue, data.AccountID)
	return f
}

// worker gives a worker with connections of its own.
func (f *fleet) worker() *worker.Worker {
	f.Helper()
	logger := f.logger
	pool := pgtest.Open(f.TB, f.url, 16)
	client, err := extract.New(extract.Config{
		BaseURL: f.server.URL + "/client/v4", AccountID: f.data.AccountID, Token: secret.New("token"), UserAgent: "test",
		PerPage: 100, MaxBody: 64 << 20, RetryFor: time.Minute, Timeout: time.Minute, Logger: logger,
		Budget: extract.NewBudget(extract.BudgetConfig{PerSecond: 100_000, QuotaShare: 0.2, MaxWait: time.Minute}),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(client.Close)
	db := warehouse.New(pool, logger)
	if err := db.Protect(f.Context(), warehouse.Privacy{Key: f.key}); err != nil {
		f.Fatal(err)
	}
	p := pipeline.New(pipeline.Config{
		AccountID: f.data.AccountID, Lookback: 72 * time.Hour, Settle: time.Hour, Concurrency: 4, Version: "test",
	}, client, stores.New(db), logger)
	q, err := queue.New(pool, logger)
	if err != nil {
		f.Fatal(err)
	}
	w := worker.New(worker.Config{
		Concurrency: 4, Settle: time.Hour, Version: "test", Logger: logger, Since: f.since, Optional: f.optional,
		Accounts: []worker.Account{{ID: f.data.AccountID, Pipeline: p}},
	}, db, q)
	if f.refusedPause > 0 {
		w.SetRefusedPause(f.refusedPause)
	}
	return w
}

// start lets a worker work until stop, which waits for its end.
func (f *fleet) start() (stop func()) {
	f.Helper()
	ctx, cancel := context.WithCancel(f.Context())
	ended := make(chan error, 1)
	w := f.worker()
	go func() { ended <- w.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			f.Errorf("the worker ended with %v", err)
		}
	}
	f.Cleanup(stop)
	return stop
}

// until waits for a query to say true, at most a minute; a benchmark may take longer.
func (f *fleet) until(what, sql string) {
	f.Helper()
	var ok bool
	limit := time.Minute
	if _, isLong := f.TB.(*testing.B); isLong {
		limit = 20 * time.Minute
	}
	for began := time.Now(); ; {
		if err := f.pool.QueryRow(f.Context(), sql).Scan(&ok); err != nil {
			f.Fatalf("%s: %v", what, err)
		}
		if ok {
			return
		}
		if time.Since(began) > limit {
			f.Fatalf("waited for: %s\n%s", what, f.jobs())
		}
		if _, err := f.pool.Exec(f.Context(), `SELECT pg_sleep(0.02)`); err != nil {
			f.Fatal(err)
		}
	}
}

func (f *fleet) jobs() string {
	var all string
	if err := f.pool.QueryRow(f.Context(), `SELECT string_agg(kind || ' ' || state::text || ' attempt ' || attempt || ' ' || coalesce(errors::text, ''), E'\n') FROM rollcall_queue.river_job`).Scan(&all); err != nil {
		return err.Error()
	}
	return all
}

func (f *fleet) count(sql string) (n int) {
	f.Helper()
	if err := f.pool.QueryRow(f.Context(), sql).Scan(&n); err != nil {
		f.Fatalf("%s: %v", sql, err)
	}
	return n
}

func (f *fleet) same() {
	f.Helper()
	if diff, err := oracle.Diff(f.Context(), f.pool, f.sim, nil); err != nil || diff != "" {
		f.Errorf("%v\n%s", err, diff)
	}
}

func event(f *fleet, s *simulator.Session, name string) webhook.Event {
	id, err := model.ParseUUID(s.ID)
	if err != nil {
		f.Fatal(err)
	}
	return webhook.Event{Name: name, SessionID: id, AppID: s.AppID}
}

const idle = `SELECT count(*) = 0 FROM sync.session_jobs WHERE due_at < now() + interval '30 seconds'`

// An empty queue: the apps are listed, their sessions queued and read, and all is as
// the API has it.
func TestListsFillTheWarehouse(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 3, Sessions: 30, Participants: 5, EventsPerParticipant: 3}, 3, time.Now()))
	var said bytes.Buffer // the log locks it
	f.logger = slog.New(slog.NewTextHandler(&said, nil))
	// A job that fails is told of, and tried again.
	if _, err := f.pool.Exec(t.Context(), `CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused' USING ERRCODE = 'disk_full'; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON realtimekit.participants EXECUTE FUNCTION public.refuse()`); err != nil {
		t.Fatal(err)
	}
	stop := f.start()
	f.until("a job failed", `SELECT EXISTS (SELECT FROM rollcall_queue.river_job WHERE cardinality(errors) > 0)`)
	if _, err := f.pool.Exec(t.Context(), `DROP FUNCTION public.refuse CASCADE`); err != nil {
		t.Fatal(err)
	}
	f.until("all apps listed", `SELECT count(*) = 3 FROM sync.app_states WHERE discovered_at IS NOT NULL`)
	f.until("all sessions read", `SELECT count(*) = 30 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	f.until("no job due", idle)
	stop()
	f.same()
	if !strings.Contains(said.String(), `level=WARN msg="a job failed, and is tried again" job=sync_session`) {
		t.Errorf("the log does not tell of the failure:\n%s", said.String())
	}
	if n := f.count(`SELECT count(*) FROM sync.runs WHERE kind = 'work'`); n != 1 {
		t.Errorf("%d runs in the ledger", n)
	}
	if n := f.count(`SELECT sessions_complete FROM sync.runs WHERE kind = 'work' AND status = 'succeeded'`); n != 30 {
		t.Errorf("the ledger has %d sessions", n)
	}
}

// One session whose rows the database refuses keeps no other from being read, and is read once
// until its next try comes.
func TestRefusedRowsAreTheirSessions(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 2, Sessions: 10, Participants: 3, EventsPerParticipant: 3}, 3, time.Now()))
	bad := f.data.Apps[1].Sessions[0].ID
	f.exec(`CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`)
	f.exec(`CREATE TRIGGER refuse BEFORE INSERT ON realtimekit.participants FOR EACH ROW WHEN (NEW.session_id = '` + bad + `') EXECUTE FUNCTION public.refuse()`)
	stop := f.start()
	f.until("all other sessions read", `SELECT count(*) = 9 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	f.until("the refusal noted", `SELECT count(*) = 1 FROM sync.session_states WHERE last_error LIKE '%refused%' AND attempts = 1`)
	f.until("no job due", idle)
	stop()
	if n := f.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE cardinality(errors) > 0`); n != 0 {
		t.Errorf("%d jobs failed:\n%s", n, f.jobs())
	}
	if n := f.sim.Stats().ByRoute[simulator.RouteParticipants]; n != 10 {
		t.Errorf("participants of 10 sessions were asked for %d times", n)
	}
}

// A webhook lets its session be read, once for however many tell of it, and again for
// whoever tells while it is read.
func TestWebhookLetsASessionBeRead(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 5, EventsPerParticipant: 3}, 3, time.Now()))
	f.start()
	f.until("read", `SELECT count(*) = 1 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	f.until("no job due", idle)
	s := f.data.Apps[0].Sessions[0]
	f.sim.Update(simulator.AddLateRow)
	f.sim.Reset()
	var all sync.WaitGroup
	for range 500 {
		all.Go(func() {
			if outcome, err := f.inbox.Receive(t.Context(), event(f, s, webhook.MeetingEnded)); err != nil || outcome != webhook.Accepted {
				t.Error(outcome, err)
			}
		})
	}
	all.Wait()
	f.until("the late row", `SELECT count(*) = 6 FROM realtimekit.participants`)
	f.until("no job due", idle)
	f.same()
	if n := f.sim.Stats().ByRoute[simulator.RouteSession]; n > 5 {
		t.Errorf("500 webhooks let the session be asked for %d times", n)
	}
}

// A refresh of the usage by day that takes long keeps no worker from taking up what one
// that is gone had in hand.
func TestRefreshDoesNotBlind(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	stop := f.start()
	f.until("read", `SELECT count(*) = 1 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	stop()
	tx, err := f.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), `LOCK TABLE analytics.stale_sessions IN SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	f.exec(`UPDATE rollcall_queue.river_job SET scheduled_at = now() WHERE kind = 'refresh_usage'`)
	f.start()
	f.until("the refresh waits", `SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'analytics.stale_sessions'::regclass AND NOT granted AND mode = 'RowExclusiveLock')`)
	if _, err := f.pool.Exec(t.Context(), `UPDATE rollcall_queue.river_job SET state = 'running', attempted_by = '{gone}', attempt = 1
		WHERE kind = 'list_app' AND state = 'scheduled'`); err != nil {
		t.Fatal(err)
	}
	f.until("taken up while the same refresh waits", `SELECT EXISTS (SELECT FROM rollcall_queue.river_job AS j, pg_locks AS l
		WHERE j.kind = 'list_app' AND j.attempted_by[1] = 'gone' AND (j.state <> 'running' OR cardinality(j.attempted_by) > 1)
		AND l.relation = 'analytics.stale_sessions'::regclass AND NOT l.granted AND l.waitstart < j.scheduled_at)`)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestForeignAndUnknownEvents(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	if _, err := f.pool.Exec(t.Context(), `INSERT INTO sync.runs (account_id, kind, started_at, program_version) VALUES ('a', 'run', now(), 't');
		INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('`+f.data.Apps[0].ID+`', '`+f.data.AccountID+`', now(), now(), 1), ('other', 'another account', now(), now(), 1)`); err != nil {
		t.Fatal(err)
	}
	s := f.data.Apps[0].Sessions[0]
	of := func(app, name string) webhook.Outcome {
		t.Helper()
		e := event(f, s, name)
		e.AppID = app
		outcome, err := f.inbox.Receive(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		return outcome
	}
	for _, test := range []struct {
		app, name string
		want      webhook.Outcome
	}{
		{"nobody's", webhook.MeetingEnded, webhook.Foreign},
		{"other", webhook.MeetingEnded, webhook.Foreign},
		{"", webhook.MeetingEnded, webhook.Foreign}, // the session is not known
		{s.AppID, webhook.SummaryReady, webhook.Noted},
		{s.AppID, webhook.ParticipantLeft, webhook.Accepted},
		{s.AppID, webhook.MeetingEnded, webhook.Accepted},
	} {
		if got := of(test.app, test.name); got != test.want {
			t.Errorf("%s of %q: %s", test.name, test.app, got)
		}
	}
	if n := f.count(`SELECT count(*) FROM sync.webhook_events`); n != 3 {
		t.Errorf("%d events kept", n)
	}
	if n := f.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE state IN ('available', 'scheduled') AND kind = 'sync_session'`); n != 1 {
		t.Errorf("%d jobs", n)
	}
	if n := f.count(`SELECT count(*) FROM sync.session_jobs WHERE has_ended AND wanted = 2 AND due_at <= now()`); n != 1 {
		t.Errorf("the end does not bring the job forward:\n%s", f.jobs())
	}
	if !strings.Contains(f.jobs(), "sync_session available") {
		t.Error(f.jobs())
	}
}

// A session that was read is read in its app, also where an event names another of ours,
// which does not know it.
func TestEventOfAnotherApp(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 2, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	stop := f.start()
	f.until("read", `SELECT count(*) = 1 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	stop()
	app := f.data.Apps[0]
	if len(app.Sessions) == 0 {
		app = f.data.Apps[1]
	}
	e := event(f, app.Sessions[0], webhook.MeetingEnded)
	for _, other := range f.data.Apps {
		if other.ID != app.ID {
			e.AppID = other.ID
		}
	}
	if outcome, err := f.inbox.Receive(t.Context(), e); outcome != webhook.Accepted || err != nil {
		t.Fatalf("%s, %v", outcome, err)
	}
	f.start()
	f.until("looked at", idle)
	if n := f.count(`SELECT count(*) FROM sync.session_states WHERE failed_at IS NULL AND last_error IS NULL AND app_id = '` + app.ID + `'`); n != 1 {
		t.Error("the reading failed:\n" + f.jobs())
	}
}

// A webhook may come before the API shows its session, which is soon asked for again.
func TestWebhookBeforeItsSession(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	stop := f.start()
	f.until("read", `SELECT count(*) = 1 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	stop()
	e := event(f, f.data.Apps[0].Sessions[0], webhook.MeetingEnded)
	e.SessionID[0] ^= 1
	if outcome, err := f.inbox.Receive(t.Context(), e); outcome != webhook.Accepted || err != nil {
		t.Fatalf("%s, %v", outcome, err)
	}
	f.start()
	f.until("looked for", `SELECT count(*) = 1 FROM sync.session_states WHERE failed_at IS NOT NULL`)
	f.until("looked for again soon", `SELECT count(*) = 1 FROM sync.session_jobs WHERE due_at > now() AND due_at < now() + interval '1 minute'`)
}

// An app whose webhooks arrive is listed rarely, until a list shows a session of which
// none told.
func TestListsAreRareWhereWebhooksArrive(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 2, Sessions: 4, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	stop := f.start()
	f.until("read", `SELECT count(*) = 4 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	stop()
	announced := f.data.Apps[0]
	for _, s := range announced.Sessions {
		if _, err := f.inbox.Receive(t.Context(), event(f, s, webhook.MeetingEnded)); err != nil {
			t.Fatal(err)
		}
	}
	again := func() {
		t.Helper()
		if _, err := f.pool.Exec(t.Context(), `UPDATE rollcall_queue.river_job SET scheduled_at = now() WHERE kind = 'list_app' AND state = 'scheduled'`); err != nil {
			t.Fatal(err)
		}
		stop := f.start()
		f.until("both apps listed", `SELECT count(*) = 2 FROM rollcall_queue.river_job WHERE kind = 'list_app' AND state = 'scheduled' AND scheduled_at > now() + interval '1 minute'`)
		stop()
	}
	pause := func(app simulator.App) (minutes int) {
		return f.count(`SELECT round(extract(epoch FROM scheduled_at - now()) / 300) * 5 FROM rollcall_queue.river_job
			WHERE kind = 'list_app' AND state = 'scheduled' AND args ->> 'app_id' = '` + app.ID + `'`)
	}
	again()
	if a, b := pause(announced), pause(f.data.Apps[1]); a != 60 || b != 15 {
		t.Errorf("the next lists are in %d and %d minutes", a, b)
	}
	if _, err := f.pool.Exec(t.Context(), `UPDATE sync.app_webhooks SET first_event_at = '2000-01-01', last_event_at = now() - interval '2 days'`); err != nil {
		t.Fatal(err)
	}
	f.sim.Reset()
	again()
	if a := pause(announced); a != 25*60 {
		t.Errorf("the next list of a quiet app is in %d minutes", a)
	}
	if n := f.sim.Stats().ByRoute[simulator.RouteSessions]; n != 2 {
		t.Errorf("lists of two apps cost %d requests", n)
	}
	if _, err := f.pool.Exec(t.Context(), `DELETE FROM sync.webhook_events; DELETE FROM sync.session_jobs; DELETE FROM rollcall_queue.river_job WHERE kind = 'sync_session'; TRUNCATE sync.session_states`); err != nil {
		t.Fatal(err)
	}
	again()
	if a, n := pause(announced), f.count(`SELECT missed FROM sync.app_webhooks`); a != 15 || n != len(announced.Sessions) {
		t.Errorf("%d sessions came without a webhook, and the next list is in %d minutes", n, a)
	}
}

// A list of apps that does not add up takes nothing away from the apps that it does not show,
// and no backfill of all apps goes by it.
func TestDoubtfulListOfApps(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	f.sim.Script(simulator.Fault{Path: "*/apps", Answer: simulator.Reply(http.StatusOK, nil,
		`{"success":true,"data":[],"paging":{"total_count":1,"start_offset":0,"end_offset":0}}`)})
	f.exec(`INSERT INTO sync.session_jobs (session_id, account_id, app_id, due_at) VALUES (gen_random_uuid(), '` + f.data.AccountID + `', '` + f.data.Apps[0].ID + `', now() + interval '1 hour')`)
	if _, err := f.queue.Backfill(t.Context(), f.data.AccountID, nil, time.Now().Add(-time.Hour), time.Time{}, false); err != nil {
		t.Fatal(err)
	}
	f.start()
	f.until("the apps are listed", `SELECT EXISTS (SELECT FROM rollcall_queue.river_job WHERE kind = 'list_apps' AND state = 'completed')`)
	if n := f.count(`SELECT count(*) FROM sync.session_jobs`); n != 1 {
		t.Error("a session is not waited for any more")
	}
	f.until("the backfill fails or is gone", `SELECT NOT EXISTS (SELECT FROM rollcall_queue.river_job WHERE kind = 'backfill_chunk' AND state <> 'completed' AND cardinality(errors) IS NULL)`)
	f.sim.Script()
	f.exec(`UPDATE rollcall_queue.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'backfill_chunk' AND state = 'retryable'`)
	f.until("it is done", `SELECT count(*) >= 2 AND bool_and(state = 'completed') FROM rollcall_queue.river_job WHERE kind = 'backfill_chunk'`)
}

// What was created before Since is left out of an app that is read for the first time. A
// shift in which something was left out is partial, as a run is.
func TestShiftsAreAsRuns(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 2, EventsPerParticipant: 1}, 3, time.Now()))
	f.since = time.Now().Add(24 * time.Hour)
	stop := f.start()
	f.until("listed", `SELECT EXISTS (SELECT FROM rollcall_queue.river_job WHERE kind = 'list_app' AND state = 'completed')`)
	stop()
	if n := f.count(`SELECT count(*) FROM sync.session_jobs`) + f.count(`SELECT count(*) FROM sync.session_states`); n != 0 {
		t.Error("a session from before is read")
	}
	f.since = time.Time{}
	f.sim.Update(func(d *simulator.Data) {
		d.Apps[0].Sessions[0].Participants[0].Extra = simulator.Extra{"id": json.RawMessage(`7`)}
	})
	if _, err := f.pool.Exec(t.Context(), `UPDATE rollcall_queue.river_job SET scheduled_at = now() WHERE kind = 'list_app' AND state = 'scheduled'`); err != nil {
		t.Fatal(err)
	}
	stop = f.start()
	f.until("looked at", `SELECT count(*) = 1 FROM sync.session_states`)
	f.until("no job due", idle)
	stop()
	if n := f.count(`SELECT count(*) FROM sync.runs WHERE kind = 'work' AND status = 'partial'`); n != 1 {
		t.Errorf("%d shifts are partial", n)
	}
}

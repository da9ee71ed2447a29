package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/webhook"
	"github.com/rollcall-etl/rollcall/internal/worker"
)

// A week of webhooks and workers in virtual time: a seed decides what happens at the API, as in
// the weeks of cron runs; which webhooks are lost, late, duplicated, in another order, forged
// or somebody else's; which requests meet which faults, and at which a worker is killed. In the
// end workers must have brought the warehouse to what the API holds, and the usage by day with
// it, within the quota. Of each three seeds one has two workers at once, and one loses nothing
// at the API. ROLLCALL_SEEDS asks for more weeks, ROLLCALL_SEED for one of them.
func TestAWeekOfWebhooks(t *testing.T) {
	t.Parallel()
	for _, seed := range sampling.Seeds(t, 1, 3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			w := newWeek(t, seed)
			w.live(sampling.Size(5, 16))
			w.compare()
		})
	}
}

// The same seed gives the same week, or a failing one could not be found again.
func TestAWeekOfWebhooksRepeats(t *testing.T) {
	t.Parallel()
	first, second := newWeek(t, 1848), newWeek(t, 1848)
	for _, w := range []*week{first, second} {
		w.live(sampling.Size(1, 4))
	}
	if !slices.Equal(first.journal, second.journal) {
		t.Errorf("the seed gave two weeks:\n%s\n%s", strings.Join(first.journal, "\n"), strings.Join(second.journal, "\n"))
	}
}

// week is an account, its warehouse, a receiver of webhooks and workers, in virtual time.
type week struct {
	*fleet
	*testbed.World
	t         *testing.T
	rng       *rand.Rand
	courier   *simulator.Courier
	late      []lateNews
	isCrowded bool        // two workers at once, so that what comes first is up to chance
	isKilled  atomic.Bool // the worker, in this step
	kill      func()
	journal   []string
}

// lateNews is what happened of which a webhook tells later.
type lateNews struct {
	due time.Time
	simulator.Happening
}

// weekBegins is at a noon, so that all of the week has passed by the database's clock.
var weekBegins = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -14).Add(12 * time.Hour)

func newWeek(t *testing.T, seed uint64) *week {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 19))
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 4, Participants: 3, EventsPerParticipant: 3}, seed, weekBegins)
	w := &week{fleet: newFleet(t, data), World: testbed.NewWorld(rng, weekBegins), t: t, rng: rng, isCrowded: seed%3 == 1}
	w.Lasting = seed%3 == 2
	w.refusedPause = 100 * time.Millisecond
	w.sim = simulator.New(data, simulator.Options{Quota: simulator.Quota{Calls: 200, Window: 2 * time.Second, Block: 2 * time.Second}})
	w.server.Config.Handler = w.sim
	w.receive()
	t.Cleanup(func() {
		if t.Failed() {
			only := "" // without -run the week has fewer steps
			if sampling.All() {
				only = " -run TestAWeekOfWebhooks"
			}
			t.Logf("again: ROLLCALL_SEED=%d go test ./internal/worker%s\n%s", seed, only, strings.Join(w.journal, "\n"))
		}
	})
	return w
}

// receive lets a receiver wait for the webhooks of all apps.
func (w *week) receive() {
	w.Helper()
	document := httptest.NewRecorder() // which the API's faults do not concern
	w.sim.ServeHTTP(document, httptest.NewRequest(http.MethodGet, simulator.KeyPath, nil))
	published := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) { _, _ = answer.Write(document.Body.Bytes()) }))
	w.Cleanup(published.Close)
	keys, err := webhook.PublishedKey(published.URL)
	if err != nil {
		w.Fatal(err)
	}
	server := httptest.NewServer((&webhook.Handler{Keys: keys, Inbox: w.inbox, Logger: slog.New(slog.DiscardHandler)}).Routes())
	w.Cleanup(server.Close)
	w.sim.Update(func(d *simulator.Data) {
		for i := range d.Apps {
			d.Apps[i].Webhooks = []*simulator.Webhook{{ID: "w", URL: server.URL + webhook.Path, Enabled: true, Events: simulator.WebhookEvents()}}
		}
	})
}

// live goes through so many steps of the week.
func (w *week) live(steps int) {
	w.Helper()
	every := []time.Duration{3 * time.Hour, 5 * time.Hour, 6 * time.Hour, 7 * time.Hour}[w.rng.IntN(4)]
	for range steps {
		w.step(w.Happen, w.accidents()...)
		w.pass(every)
	}
}

// step lets things happen, webhooks tell of them, and workers do what is due.
func (w *week) step(happen func(*simulator.Data) []simulator.Happening, script ...simulator.Fault) {
	w.Helper()
	var told []simulator.Happening
	w.sim.Update(func(d *simulator.Data) { told = happen(d) })
	w.isKilled.Store(false)
	w.sim.Reset()
	w.sim.Script(script...)
	var names []string
	for _, fault := range script {
		names = append(names, fault.Name)
	}
	var answers string
	if w.isCrowded {
		stop := w.work()
		second := w.work()
		answers = w.announce(told)
		w.untilIdle()
		stop()
		second()
	} else {
		answers = w.announce(told)
		w.bringForward()
		stop := w.work()
		w.untilIdle()
		stop()
	}
	w.judge(fmt.Sprint(names, " ", answers))
}

// compare lets the API behave, and asks whether all is as it must be in the end.
func (w *week) compare() {
	w.Helper()
	w.step(w.EndAll)
	for range 3 { // what failed waits for up to a day, and what no webhook told of for the next list
		w.pass(25*time.Hour + time.Minute)
		w.step(func(*simulator.Data) []simulator.Happening { return nil })
	}
	if diff, err := oracle.DiffListed(w.Context(), w.pool, w.sim, w.Vanished); err != nil || diff != "" {
		w.Errorf("the warehouse is not what the API holds (-API +warehouse): %v\n%.4000s", err, diff)
	}
	if w.Lasting {
		if diff, err := oracle.DiffUsage(w.Context(), w.pool, w.sim); err != nil || diff != "" {
			w.Errorf("the usage by day is not what the API's sessions give (-API +warehouse): %v\n%.4000s", err, diff)
		}
	}
	counted := w.usage()
	w.exec(`INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions; UPDATE analytics.usage_days SET is_stale = true`)
	if _, err := warehouse.New(w.pool, w.logger).RefreshAnalytics(w.Context()); err != nil {
		w.Error(err)
	}
	if anew := w.usage(); !slices.Equal(counted, anew) {
		w.Errorf("the usage by day was\n%s\nand is, counted anew,\n%s", strings.Join(counted, "\n"), strings.Join(anew, "\n"))
	}
	for what, sql := range map[string]string{
		"rows that the ledger did not count once": `SELECT abs((SELECT sum(rows_inserted) FROM sync.run_sessions) - (SELECT count(*) FROM realtimekit.sessions)
			- (SELECT count(*) FROM realtimekit.participants) - (SELECT count(*) FROM realtimekit.peer_events))`,
		"shifts that nobody closed":           `SELECT count(*) FROM sync.runs WHERE status = 'running'`,
		"sessions that are waited for":        `SELECT count(*) FROM sync.session_jobs JOIN sync.session_states USING (session_id) WHERE settled_at IS NOT NULL`,
		"jobs that run, or were given up":     `SELECT count(*) FROM rollcall_queue.river_job WHERE state IN ('running', 'discarded', 'cancelled')`,
		"lists of an app too many, or few":    `SELECT abs(count(*) - 2) FROM rollcall_queue.river_job WHERE kind = 'list_app' AND state IN ('scheduled', 'available')`,
		"sessions of which no day is counted": `SELECT count(*) FROM analytics.stale_sessions`,
	} {
		if n := w.count(sql); n != 0 {
			w.Errorf("%d %s", n, what)
		}
	}
}

func (w *week) usage() []string {
	return pgtest.Texts(w.t, w.pool, `SELECT concat_ws('|', usage_date, app_id, sessions_started, sessions_active, unique_people, participants, round(participant_seconds), round(vendor_minutes), peak_people)
		FROM analytics.daily_usage ORDER BY 1`)
}

// judge looks at what a step did, and notes it.
func (w *week) judge(step string) {
	w.Helper()
	if diff, err := oracle.DiffComplete(w.Context(), w.pool, w.sim); err != nil || diff != "" {
		w.Errorf("what is called complete is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
	}
	stats := w.sim.Stats()
	if stats.RefusedByQuota > 0 {
		w.Errorf("%d requests were more than the quota allows", stats.RefusedByQuota)
	}
	requests := strconv.Itoa(stats.Requests)
	if w.isKilled.Load() {
		requests = "killed" // which of the others come first is up to chance
	}
	w.journal = append(w.journal, fmt.Sprint(w.Now.Format("Mon 15h "), step, "; ", requests, "; ", pgtest.Text(w.t, w.pool, `SELECT concat_ws(' ',
		(SELECT count(*) FROM sync.session_states WHERE complete_at IS NOT NULL), (SELECT count(*) FROM sync.session_states WHERE settled_at IS NOT NULL),
		(SELECT count(*) FROM sync.session_states WHERE last_error IS NOT NULL), (SELECT count(*) FROM realtimekit.peer_events),
		(SELECT sum(times_received) FROM sync.webhook_events), (SELECT sum(missed) FROM sync.app_webhooks), (SELECT sum(looks) FROM sync.session_jobs),
		(SELECT string_agg(n || ' ' || kind || ' ' || state, ' ' ORDER BY kind, state) FROM (SELECT count(*) AS n, kind, state::text FROM rollcall_queue.river_job WHERE state <> 'completed' GROUP BY 2, 3) AS j))`)))
}

// work lets a worker work, as a process of its own, until stop. What is left of one that was
// killed ends by itself.
func (w *week) work() (stop func()) {
	w.Helper()
	way, url := newLink(w.t, w.url+"&application_name=worker")
	ctx, cancel := context.WithCancel(w.Context())
	var failure error
	ended := make(chan struct{})
	pool := pgtest.Open(w.t, url, 12)
	victim := w.weekWorker(pool)
	go func() {
		defer close(ended)
		failure = victim.Run(ctx)
		pool.Close()
	}()
	var killed atomic.Bool
	w.kill = func() {
		killed.Store(true)
		way.cut()
		cancel()
	}
	w.Cleanup(func() {
		cancel()
		<-ended
	})
	return func() {
		cancel()
		if killed.Load() {
			return // others do not wait for it either
		}
		if <-ended; failure != nil {
			w.Errorf("the worker ended with %v", failure)
		}
	}
}

// weekWorker gives a worker whose pipeline lives in virtual time.
func (w *week) weekWorker(pool *pgxpool.Pool) *worker.Worker {
	w.Helper()
	db := warehouse.New(pool, w.logger)
	jobs := 1 // several at once would not repeat
	if w.isCrowded {
		jobs = 3
	}
	client, err := extract.New(extract.Config{
		BaseURL: w.server.URL + "/client/v4", AccountID: w.data.AccountID, Token: secret.New("token"), UserAgent: "test",
		PerPage: 100, MaxBody: 64 << 20, Timeout: time.Minute, Logger: w.logger,
		Budget: extract.NewBudget(extract.BudgetConfig{PerSecond: 1000, QuotaShare: 0.2, MaxWait: 10 * time.Second, Store: ledger.New(db), Key: "token"}),
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(client.Close)
	p := pipeline.New(pipeline.Config{
		AccountID: w.data.AccountID, Lookback: 72 * time.Hour, Settle: time.Hour - time.Minute, Concurrency: jobs, Version: "test", Now: func() time.Time { return w.Now },
	}, client, stores.New(db), w.logger)
	q, err := queue.New(pool, w.logger)
	if err != nil {
		w.Fatal(err)
	}
	return worker.New(worker.Config{
		Concurrency: jobs, Settle: time.Hour - time.Minute, Version: "test", Logger: w.logger,
		Accounts: []worker.Account{{ID: w.data.AccountID, Pipeline: p}},
	}, db, q)
}

// announce sends what happened, but for what is told of later, and gives how it was answered.
func (w *week) announce(told []simulator.Happening) string {
	w.Helper()
	if w.courier == nil || w.rng.IntN(6) == 0 {
		w.courier = simulator.NewCourier(w.sim, http.DefaultClient, w.habits(), w.rng.Uint64())
	}
	var now []simulator.Happening
	w.late = slices.DeleteFunc(w.late, func(l lateNews) bool {
		isDue := !l.due.After(w.Now)
		if isDue {
			now = append(now, l.Happening)
		}
		return isDue
	})
	for _, h := range told {
		if w.rng.IntN(6) == 0 {
			w.late = append(w.late, lateNews{w.Now.Add(time.Duration(w.rng.IntN(40)) * time.Hour), h})
			continue
		}
		now = append(now, h)
	}
	answers := map[string]int{}
	for _, sent := range w.courier.Announce(context.WithoutCancel(w.Context()), now...) {
		answers[fmt.Sprint(sent.Kind, " ", sent.Status)]++
		want := http.StatusNoContent
		if sent.Kind == simulator.Forged {
			want = http.StatusUnauthorized
		}
		if sent.Status != want || sent.Tries != 1 {
			w.Errorf("a webhook (%s) is answered with %d after %d tries", sent.Kind, sent.Status, sent.Tries)
		}
	}
	// By the clock of the sessions, with which a list compares it.
	if _, err := w.pool.Exec(w.Context(), `UPDATE sync.app_webhooks SET first_event_at = $1 WHERE first_event_at > now() - interval '1 day'`, w.Now); err != nil {
		w.Fatal(err)
	}
	return fmt.Sprint(answers)
}

// habits are those of the sender for a while.
func (w *week) habits() simulator.Habits {
	some := func(of ...int) int { return of[w.rng.IntN(len(of))] }
	h := simulator.Habits{
		Duplicate: some(0, 0, 2), LoseEvery: some(0, 1, 2, 5, 20), ForgeEvery: some(0, 3), StrayEvery: some(0, 4), UnheardEvery: some(0, 5),
		GapEvery: some(0, 3), ReplayEvery: some(0, 2), Shuffle: w.rng.IntN(2) == 0, AtOnce: 1,
	}
	if w.isCrowded {
		h.AtOnce = 8
	}
	return h
}

package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/webhook"
	"github.com/rollcall-etl/rollcall/internal/worker"
)

// tenant is one account of many, with an API of its own that keeps its quota.
type tenant struct {
	id     string
	sim    *simulator.Server
	server *httptest.Server
	left   []*simulator.Session // those that have not ended yet
}

const quotaShare = 0.2 // of a quota, left to others

// quota is that of a token: five times what the vendor allows, in windows of BENCH_WINDOW
// seconds in place of five minutes.
func quota(b *testing.B) simulator.Quota {
	b.Helper()
	seconds := size(b, "BENCH_WINDOW", 5)
	window := time.Duration(seconds) * time.Second
	return simulator.Quota{Calls: 20 * seconds, Window: window, Block: window}
}

func newTenant(b *testing.B, number int, of simulator.Size) *tenant {
	b.Helper()
	data := simulator.Generate(of, uint64(number), time.Now())
	data.AccountID = fmt.Sprintf("%032x", number)
	t := &tenant{id: data.AccountID, left: data.AllSessions()}
	for i := range data.Apps {
		data.Apps[i].Sessions = nil
	}
	for _, s := range t.left { // each app has people of its own
		for _, p := range s.Participants {
			p.CustomParticipantID = s.AppID[:8] + p.CustomParticipantID
		}
	}
	slices.SortFunc(t.left, func(a, b *simulator.Session) int { return a.CreatedAt.Compare(b.CreatedAt) })
	t.sim = simulator.New(data, simulator.Options{Quota: quota(b)})
	t.server = httptest.NewServer(t.sim)
	b.Cleanup(t.server.Close)
	return t
}

// happen lets the next sessions end now, and gives them.
func (t *tenant) happen(n int) (ended []*simulator.Session) {
	n = min(n, len(t.left))
	ended, t.left = t.left[:n], t.left[n:]
	t.sim.Update(func(d *simulator.Data) {
		for _, s := range ended {
			move(s, time.Since(s.UpdatedAt).Truncate(time.Millisecond))
			i := slices.IndexFunc(d.Apps, func(a simulator.App) bool { return a.ID == s.AppID })
			d.Apps[i].Sessions = append(d.Apps[i].Sessions, s)
		}
	})
	return ended
}

// move puts a session to another time.
func move(s *simulator.Session, by time.Duration) {
	times := []*time.Time{&s.StartedAt, &s.EndedAt, &s.CreatedAt, &s.UpdatedAt}
	for _, p := range s.Participants {
		times = append(times, &p.JoinedAt, &p.LeftAt, &p.CreatedAt, &p.UpdatedAt)
		for i := range p.Events {
			times = append(times, &p.Events[i].CreatedAt, &p.Events[i].UpdatedAt)
		}
	}
	for _, t := range times {
		if !t.IsZero() {
			*t = t.Add(by)
		}
	}
}

// manyWorker lets a worker of all accounts work until the benchmark ends. What ends it
// before, as the loss of its connections, is followed by its next life.
func manyWorker(b *testing.B, url string, number int, settle time.Duration, tenants []*tenant) {
	b.Helper()
	logger := slog.New(slog.DiscardHandler)
	pool := pgtest.Open(b, url+"&application_name=worker"+strconv.Itoa(number), 24)
	db := warehouse.New(pool, logger)
	cfg := worker.Config{Concurrency: 4, Settle: settle, Version: "test", Logger: logger}
	for _, t := range tenants {
		client, err := extract.New(extract.Config{
			BaseURL: t.server.URL + "/client/v4", AccountID: t.id, Token: secret.New("token"), UserAgent: "test",
			PerPage: 100, MaxBody: 64 << 20, RetryFor: time.Minute, Timeout: time.Minute, Logger: logger,
			Budget: extract.NewBudget(extract.BudgetConfig{PerSecond: 1000, QuotaShare: quotaShare, MaxWait: 4 * quota(b).Window, Store: ledger.New(db), Key: t.id}),
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(client.Close)
		p := pipeline.New(pipeline.Config{AccountID: t.id, Lookback: 1000 * time.Hour, Settle: settle, Concurrency: 4, Version: "test"}, client, stores.New(db), logger)
		cfg.Accounts = append(cfg.Accounts, worker.Account{ID: t.id, Pipeline: p})
	}
	q, err := queue.New(pool, logger)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if err := worker.New(cfg, db, q).Run(ctx); worker.Refused(err) {
				b.Error(err)
				return
			}
		}
	}()
	b.Cleanup(func() { cancel(); <-ended })
}

// Many accounts through a day of accelerated time: sessions end and webhooks tell of them, but
// for each twentieth; each few seconds a worker loses its connections, as if it were killed. In
// the end every session was read after its settle window and is complete, and no API was asked
// more often than its quota allows.
func BenchmarkFleet(b *testing.B) {
	d := newDay(b)
	began, used := time.Now(), d.cpu()
	for !d.over() {
		d.round()
		if time.Since(began) > time.Duration(size(b, "BENCH_MINUTES", 20))*time.Minute {
			b.Fatalf("not all sessions were read; jobs by kind and state: %s", d.backlog())
		}
	}
	took, spent := time.Since(began), d.cpu()-used
	requests, refused := asked(d.tenants)
	if refused > 0 {
		b.Errorf("%d requests were more than a quota allows", refused)
	}
	d.matches(d.tenants)
	b.ReportMetric(float64(d.all), "sessions")
	b.ReportMetric(float64(d.lost), "webhooks-lost")
	b.ReportMetric(float64(d.cut), "workers-cut-off")
	b.ReportMetric(float64(requests)/float64(leastRequests*d.all), "requests/least")
	b.ReportMetric(d.used, "budget-used")
	b.ReportMetric(float64(spent.Microseconds())/1000/float64(d.all), "ms-CPU/session")
	b.ReportMetric(took.Seconds(), "s")
}

// day is one of many accounts, in rounds.
type day struct {
	*fleet
	b       *testing.B
	tenants []*tenant
	inbox   *queue.Inbox
	workers int
	rounds  int // in which the sessions of the day end
	settle  time.Duration
	began   time.Time

	all, perRound, number, happened, lost, cut int

	used float64 // of the budgets, until nine of ten sessions are read
}

const (
	roundTime = 3 * time.Second
	// leastRequests are those that a session costs: its record and its people, when it has
	// ended and after the settle window.
	leastRequests = 4
)

func newDay(b *testing.B) *day {
	b.Helper()
	accounts, apps, sessions := size(b, "BENCH_ACCOUNTS", 5), size(b, "BENCH_APPS", 8), size(b, "BENCH_SESSIONS", 400)
	d := &day{
		b: b, workers: size(b, "BENCH_WORKERS", 4), rounds: size(b, "BENCH_ROUNDS", 8), all: accounts * sessions,
		fleet: newFleet(b, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 1, time.Now())),
	}
	d.perRound = (sessions + d.rounds - 1) / d.rounds
	d.settle = roundTime * time.Duration(d.rounds) / 24 // the hour of a day that the rounds are
	var ids []string
	for i := range accounts {
		d.tenants = append(d.tenants, newTenant(b, i+1, simulator.Size{Apps: apps, Sessions: sessions, Participants: size(b, "BENCH_PEOPLE", 10), EventsPerParticipant: 3}))
		ids = append(ids, d.tenants[i].id)
	}
	d.inbox = queue.NewInbox(d.queue, ids...)
	for i := range d.workers {
		manyWorker(b, d.url, i, d.settle, d.tenants)
	}
	d.until("all apps are listed", `SELECT count(*) = `+strconv.Itoa(accounts*apps)+` FROM sync.app_states WHERE discovered_at IS NOT NULL`)
	for _, t := range d.tenants {
		t.sim.Reset()
	}
	d.began = time.Now()
	return d
}

// round lets three seconds pass, in which sessions end.
func (d *day) round() {
	d.Helper()
	for _, t := range d.tenants {
		d.announce(t.happen(d.perRound))
	}
	const unknown = `SELECT (SELECT count(*) FROM rollcall_queue.river_job WHERE state IN ('available', 'running') AND kind IN ('sync_session', 'list_app')) = 0
		AND (SELECT count(*) FROM sync.session_states) < `
	if d.happened == d.all && d.count(`SELECT (`+unknown+strconv.Itoa(d.all)+`)::int`) == 1 { // hours have passed: the net
		d.exec(`UPDATE rollcall_queue.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'list_app' AND state = 'scheduled'`)
	}
	if d.number++; d.number%3 == 0 {
		d.cut++
		d.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'worker` + strconv.Itoa(d.cut%d.workers) + `'`)
	}
	d.exec(`SELECT pg_sleep(` + strconv.FormatFloat(roundTime.Seconds(), 'f', -1, 64) + `)`)
	if d.count(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NOT NULL`) < d.all*9/10 { // later some accounts have nothing to do
		requests, _ := asked(d.tenants)
		q := quota(d.b)
		d.used = float64(requests) / (time.Since(d.began).Seconds() / q.Window.Seconds() * float64(q.Calls) * (1 - quotaShare) * float64(len(d.tenants)))
	}
}

// announce tells of sessions that have ended, but for each twentieth.
func (d *day) announce(ended []*simulator.Session) {
	d.Helper()
	for _, s := range ended {
		if d.happened++; d.happened%20 == 0 {
			d.lost++
			continue
		}
		if outcome, err := d.inbox.Receive(d.Context(), event(d.fleet, s, webhook.MeetingEnded)); outcome != webhook.Accepted || err != nil {
			d.Fatal(outcome, err)
		}
	}
}

// over tells that every session was read for the last time.
func (d *day) over() bool {
	return d.count(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NOT NULL AND settled_at IS NOT NULL`) == d.all
}

// backlog tells what is left in the queue.
func (d *day) backlog() string {
	return pgtest.Text(d.b, d.pool, `SELECT string_agg(concat_ws(' ', n, kind, state), ', ') FROM (SELECT count(*) AS n, kind, state FROM rollcall_queue.river_job GROUP BY kind, state ORDER BY 1 DESC) AS j`)
}

// cpu is what this process and the server have used.
func (d *day) cpu() time.Duration { return cpu(d.b) + serverCPU(d.count(`SELECT pg_backend_pid()`)) }

// asked counts what the APIs were asked, and how often more than a quota allows.
func asked(tenants []*tenant) (requests, refused int) {
	for _, t := range tenants {
		stats := t.sim.Stats()
		requests, refused = requests+stats.Requests, refused+stats.RefusedByQuota
	}
	return requests, refused
}

// matches compares what is stored of each account with what its API holds.
func (f *fleet) matches(tenants []*tenant) {
	f.Helper()
	all := &simulator.Data{}
	for _, t := range tenants {
		t.sim.View(func(d *simulator.Data) { all.Apps = append(all.Apps, d.Apps...) })
	}
	if diff, err := oracle.Diff(f.Context(), f.pool, simulator.New(all, simulator.Options{}), nil); err != nil || diff != "" {
		f.Errorf("%v\n%.3000s", err, diff)
	}
	if n := f.count(`SELECT count(*) FROM sync.session_jobs WHERE reader IS NOT NULL`); n != 0 {
		f.Errorf("%d sessions are in the hands of a worker", n)
	}
}

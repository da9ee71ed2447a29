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
	"github.com/rollcall-etl/rollcall/internal/model"
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
	left   []*simulator.Session // those that have not happened yet
	all    int
}

// The quota of a token, with a window of five seconds in place of five minutes.
const (
	quotaCalls  = 100
	quotaWindow = 5 * time.Second
	quotaShare  = 0.2 // left to others
)

func newTenant(b *testing.B, number, apps, sessions int) *tenant {
	b.Helper()
	data := simulator.Generate(simulator.Size{Apps: apps, Sessions: sessions, Participants: 10, EventsPerParticipant: 3}, uint64(number), time.Now().Add(-48*time.Hour))
	data.AccountID = fmt.Sprintf("%032x", number)
	t := &tenant{id: data.AccountID, left: data.AllSessions(), all: sessions}
	for i := range data.Apps {
		data.Apps[i].Sessions = nil
	}
	slices.SortFunc(t.left, func(a, b *simulator.Session) int { return a.CreatedAt.Compare(b.CreatedAt) })
	t.sim = simulator.New(data, simulator.Options{Quota: simulator.Quota{Calls: quotaCalls, Window: quotaWindow, Block: quotaWindow}})
	t.server = httptest.NewServer(t.sim)
	b.Cleanup(t.server.Close)
	return t
}

// happen lets the next sessions happen, and gives them.
func (t *tenant) happen(n int) (now []*simulator.Session) {
	n = min(n, len(t.left))
	now, t.left = t.left[:n], t.left[n:]
	t.sim.Update(func(d *simulator.Data) {
		for _, s := range now {
			i := slices.IndexFunc(d.Apps, func(a simulator.App) bool { return a.ID == s.AppID })
			d.Apps[i].Sessions = append(d.Apps[i].Sessions, s)
		}
	})
	return now
}

// manyWorker lets a worker of all accounts work until the benchmark ends. What ends it
// before, as the loss of its connections, is followed by its next life.
func manyWorker(b *testing.B, url string, number int, tenants []*tenant) {
	b.Helper()
	logger := slog.New(slog.DiscardHandler)
	pool := pgtest.Open(b, url+"&application_name=worker"+strconv.Itoa(number), 24)
	db := warehouse.New(pool, logger)
	cfg := worker.Config{Concurrency: 4, Settle: time.Hour, Version: "test", Logger: logger}
	for _, t := range tenants {
		client, err := extract.New(extract.Config{
			BaseURL: t.server.URL + "/client/v4", AccountID: t.id, Token: secret.New("token"), UserAgent: "test",
			PerPage: 100, MaxBody: 64 << 20, RetryFor: time.Minute, Timeout: time.Minute, Logger: logger,
			Budget: extract.NewBudget(extract.BudgetConfig{PerSecond: 1000, QuotaShare: quotaShare, MaxWait: 4 * quotaWindow, Store: ledger.New(db), Key: t.id}),
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(client.Close)
		p := pipeline.New(pipeline.Config{AccountID: t.id, Lookback: 1000 * time.Hour, Settle: time.Hour, Concurrency: 4, Version: "test"}, client, stores.New(db), logger)
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

// Many accounts: sessions happen and webhooks tell of them, but for each twentieth; each few
// seconds a worker loses its connections, as if it were killed. In the end every session is
// complete, and no API was asked more often than its quota allows.
func BenchmarkFleet(b *testing.B) {
	accounts, apps, sessions, workers := size(b, "BENCH_ACCOUNTS", 5), size(b, "BENCH_APPS", 8), size(b, "BENCH_SESSIONS", 400), size(b, "BENCH_WORKERS", 4)
	f := newFleet(b, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 1, time.Now()))
	var tenants []*tenant
	var ids []string
	for i := range accounts {
		tenants = append(tenants, newTenant(b, i+1, apps, sessions))
		ids = append(ids, tenants[i].id)
	}
	inbox := queue.NewInbox(f.queue, ids...)
	for i := range workers {
		manyWorker(b, f.url, i, tenants)
	}
	f.until("all apps are listed", `SELECT count(*) = `+strconv.Itoa(accounts*apps)+` FROM sync.app_states WHERE discovered_at IS NOT NULL`)
	for _, t := range tenants {
		t.sim.Reset()
	}
	began := time.Now()
	happened, lost, killed, used := 0, 0, 0, 0.0
	waiting := `SELECT count(*) FROM rollcall_queue.river_job WHERE state IN ('available', 'running') AND kind IN ('sync_session', 'list_app')`
	complete := `SELECT count(*) = ` + strconv.Itoa(accounts*sessions) + ` FROM sync.session_states WHERE complete_at IS NOT NULL`
	for round, done := 0, 0; done == 0; round++ {
		for _, t := range tenants {
			for _, s := range t.happen(sessions / 8) {
				if happened++; happened%20 == 0 {
					lost++
					continue
				}
				id, err := model.ParseUUID(s.ID)
				if err != nil {
					b.Fatal(err)
				}
				if outcome, err := inbox.Receive(b.Context(), webhook.Event{Name: webhook.MeetingEnded, SessionID: id, AppID: s.AppID}); outcome != webhook.Accepted || err != nil {
					b.Fatal(outcome, err)
				}
			}
		}
		if happened == accounts*sessions && f.count(waiting) == 0 { // hours have passed: the net
			f.exec(`UPDATE rollcall_queue.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'list_app' AND state = 'scheduled'`)
		}
		if round%3 == 2 {
			killed++
			f.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'worker` + strconv.Itoa(killed%workers) + `'`)
		}
		f.exec(`SELECT pg_sleep(3)`)
		done = f.count(`SELECT (` + complete + `)::int`)
		if f.count(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NOT NULL`) < accounts*sessions*9/10 { // later some accounts have nothing to do
			requests, _ := asked(tenants)
			used = float64(requests) / (time.Since(began).Seconds() / quotaWindow.Seconds() * quotaCalls * (1 - quotaShare) * float64(accounts))
		}
		if time.Since(began) > 20*time.Minute {
			b.Fatal("not all sessions were read", f.jobs())
		}
	}
	took := time.Since(began)
	requests, refused := asked(tenants)
	if refused > 0 {
		b.Errorf("%d requests were more than a quota allows", refused)
	}
	f.matches(tenants)
	b.ReportMetric(float64(accounts*sessions), "sessions")
	b.ReportMetric(float64(lost), "webhooks-lost")
	b.ReportMetric(float64(killed), "workers-cut-off")
	b.ReportMetric(float64(requests)/float64(2*accounts*sessions), "requests/least")
	b.ReportMetric(used, "budget-used")
	b.ReportMetric(took.Seconds(), "s")
}

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

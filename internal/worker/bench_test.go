package worker_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

// The figures of docs/scaling.md: go test ./internal/worker -run '^$' -bench . -benchtime 1x

// receiver is rollcall serve but for its flags, to which the first app's webhooks go.
// observe is told how long each delivery took to answer; nil for nobody.
func (f *fleet) receiver(observe func(took time.Duration)) {
	f.Helper()
	keys, err := webhook.PublishedKey(f.server.URL + simulator.KeyPath)
	if err != nil {
		f.Fatal(err)
	}
	handler := &webhook.Handler{Keys: keys, Inbox: f.inbox, Logger: slog.New(slog.DiscardHandler)}
	if observe != nil {
		handler.Observe = func(_ string, _ webhook.Outcome, took time.Duration) { observe(took) }
	}
	server := httptest.NewServer(handler.Routes())
	f.Cleanup(server.Close)
	f.sim.Update(func(d *simulator.Data) {
		d.Apps[0].Webhooks = []*simulator.Webhook{{ID: "w", URL: server.URL + webhook.Path, Enabled: true, Events: simulator.WebhookEvents()}}
	})
}

// size gives a number of the environment, for machines that bear more or less.
func size(b *testing.B, name string, usual int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func report(b *testing.B, what string, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	for _, p := range []int{50, 95, 99} {
		b.ReportMetric(float64(took[(len(took)-1)*p/100].Microseconds())/1000, "ms/"+what+"-p"+strconv.Itoa(p))
	}
}

// From the end of a lesson of three people until all of it is in the warehouse.
func BenchmarkWebhookToVisible(b *testing.B) {
	f := newFleet(b, simulator.Generate(simulator.Size{Apps: 1, Sessions: 10, Participants: 5, EventsPerParticipant: 3}, 3, time.Now()))
	f.receiver(nil)
	f.start()
	f.start()
	f.until("the history is read", `SELECT count(*) = 10 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	courier := simulator.NewCourier(f.sim, http.DefaultClient, simulator.Habits{}, 1)
	var took []time.Duration
	for range size(b, "BENCH_LESSONS", 100) {
		var told []simulator.Happening
		for range 4 {
			told = f.sim.Play(time.Now())
		}
		began := time.Now()
		for _, sent := range courier.Announce(b.Context(), told...) {
			if sent.Status != http.StatusNoContent {
				b.Fatal(sent.Status)
			}
		}
		f.until("the lesson", `SELECT count(*) = 3 FROM realtimekit.sessions JOIN realtimekit.participants USING (session_id) WHERE status = 'ENDED' AND session_id = '`+told[0].SessionID+`'`)
		took = append(took, time.Since(began))
	}
	report(b, "visible", took)
}

// A burst of webhooks, one a session.
func BenchmarkBurst(b *testing.B) {
	n := size(b, "BENCH_BURST", 2000)
	f := newFleet(b, simulator.Generate(simulator.Size{Apps: 1, Sessions: n, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	var mu sync.Mutex
	var answered []time.Duration // by the receiver's clock, without the sender's wait for a turn
	f.receiver(func(took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		answered = append(answered, took)
	})
	if _, err := f.pool.Exec(b.Context(), `INSERT INTO sync.runs (account_id, kind, started_at, program_version) VALUES ('a', 'run', now(), 't');
		INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('`+f.data.Apps[0].ID+`', '`+f.data.AccountID+`', now(), now(), 1)`); err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	courier := simulator.NewCourier(f.sim, client, simulator.Habits{AtOnce: 200}, 1)
	var all []simulator.Happening
	for _, s := range f.data.Apps[0].Sessions {
		all = append(all, simulator.Happening{Event: simulator.EventEnded, SessionID: s.ID})
	}
	courier.Announce(b.Context(), all[0]) // the key is known
	var took []time.Duration
	for _, sent := range courier.Announce(b.Context(), all...) {
		if sent.Status != http.StatusNoContent || sent.Tries != 1 {
			b.Fatal(sent.Status, sent.Tries)
		}
		took = append(took, sent.Took)
	}
	report(b, "accepted", took)
	report(b, "answered", answered)
	if got := f.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'sync_session'`); got != n {
		b.Errorf("%d jobs for %d sessions", got, n)
	}
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// serverCPU is what a database server has used, by one of its backends: those that live, and
// those whose end it has seen. It is 0 where there is no /proc.
func serverCPU(backend int) (sum time.Duration) {
	const tick = 10 * time.Millisecond
	parent, _ := processTimes(strconv.Itoa(backend))
	all, _ := os.ReadDir("/proc")
	for _, entry := range all {
		of, times := processTimes(entry.Name())
		switch {
		case parent == "" || len(times) < 4:
		case entry.Name() == parent:
			sum += time.Duration(times[0]+times[1]+times[2]+times[3]) * tick
		case of == parent:
			sum += time.Duration(times[0]+times[1]) * tick
		}
	}
	return sum
}

// processTimes gives the parent of a process, and its ticks: user and system, its own and
// those of children that have ended.
func processTimes(pid string) (parent string, ticks []int) {
	text, _ := os.ReadFile("/proc/" + pid + "/stat")
	_, rest, _ := strings.Cut(string(text), ") ") // the name before may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return "", nil
	}
	for _, field := range fields[11:15] {
		n, _ := strconv.Atoi(field)
		ticks = append(ticks, n)
	}
	return fields[1], ticks
}

// The same sessions by one run of eight at once, and by two workers of four.
func BenchmarkTwoWorkersAgainstRun(b *testing.B) {
	n := size(b, "BENCH_SESSIONS", 2000)
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: n, Participants: 20, EventsPerParticipant: 4}, 3, time.Now())
	byRun := newFleet(b, data)
	used, began := cpu(b), time.Now()
	byRun.run(8)
	run, runCPU := time.Since(began), cpu(b)-used
	byRun.same()
	f := newFleet(b, data)
	used, began = cpu(b), time.Now()
	f.start()
	f.start()
	f.until("all read", `SELECT count(*) = `+strconv.Itoa(n)+` FROM sync.session_states WHERE complete_at IS NOT NULL`)
	work, workCPU := time.Since(began), cpu(b)-used
	f.same()
	b.ReportMetric(float64(n)/run.Seconds(), "sessions/s-run")
	b.ReportMetric(float64(n)/work.Seconds(), "sessions/s-work")
	b.ReportMetric(run.Seconds()/work.Seconds(), "work/run")
	b.ReportMetric(float64((workCPU-runCPU).Microseconds())/1000/float64(n), "ms-CPU-more/session")
}

// run is rollcall run but for its flags.
func (f *fleet) run(concurrency int) {
	f.Helper()
	logger := slog.New(slog.DiscardHandler)
	client, err := extract.New(extract.Config{
		BaseURL: f.server.URL + "/client/v4", AccountID: f.data.AccountID, Token: secret.New("token"), UserAgent: "test",
		PerPage: 100, MaxBody: 64 << 20, RetryFor: time.Minute, Timeout: time.Minute, Logger: logger,
		Budget: extract.NewBudget(extract.BudgetConfig{PerSecond: 100_000, QuotaShare: 0.2, MaxWait: time.Minute}),
	})
	if err != nil {
		f.Fatal(err)
	}
	defer client.Close()
	p := pipeline.New(pipeline.Config{
		AccountID: f.data.AccountID, Lookback: 72 * time.Hour, Settle: time.Hour, Concurrency: concurrency, Version: "test",
	}, client, stores.New(warehouse.New(pgtest.Open(f.TB, f.url, 16), logger)), logger)
	if _, err := p.Run(f.Context(), pipeline.Plan{Kind: model.KindRun}); err != nil {
		f.Fatal(err)
	}
}

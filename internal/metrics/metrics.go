// Package metrics keeps what Prometheus sees of Rollcall: counters of what this
// process did, and gauges of what the books say. They leave by HTTP (Server) or
// as a file for the node exporter's textfile collector (WriteFile). Labels are
// bounded: no session, person or meeting is in them.
package metrics

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Metrics counts what one process does for one account. Safe for concurrent use.
type Metrics struct {
	account, version string
	counters         *counters

	mu    sync.Mutex
	exits map[string]exit
}

// exit is how a run of this process ended.
type exit struct {
	code int
	at   time.Time
	took time.Duration
}

// New gives metrics of an account, all counters 0.
func New(accountID, version string) *Metrics {
	m := &Metrics{account: accountID, version: version, counters: newCounters(accountID), exits: make(map[string]exit)}
	m.counters.zero()
	return m
}

// Request counts a request; for extract.Config.Observe.
func (m *Metrics) Request(e extract.Exchange) {
	class, code := "none", "none"
	if e.Status > 0 {
		code = strconv.Itoa(e.Status)
		class = code[:1] + "xx"
	}
	m.counters.requests.WithLabelValues(e.Endpoint, class, code).Inc()
	m.counters.requestSeconds.WithLabelValues(e.Endpoint).Add(e.Took.Seconds())
	if e.Try > 1 {
		m.counters.retries.WithLabelValues(e.Endpoint).Inc()
	}
	m.counters.waitSeconds.WithLabelValues().Add(e.Waited.Seconds())
	if e.Waited >= noticeableWait {
		m.counters.waits.WithLabelValues().Inc()
	}
}

// noticeableWait is from where on a wait for the budget counts as one: below it
// is the time that asking takes.
const noticeableWait = 10 * time.Millisecond

// Rows counts the rows that a transaction committed; for warehouse.DB.Observe.
func (m *Metrics) Rows(table string, rows model.RowCounts) {
	for outcome, n := range map[string]int{
		"inserted": rows.Inserted, "updated": rows.Updated, "unchanged": rows.Unchanged,
		"rejected": rows.Rejected, "repeated": rows.Repeated,
	} {
		m.counters.rows.WithLabelValues(table, outcome).Add(float64(n))
	}
	m.counters.repaired.WithLabelValues(table).Add(float64(rows.Repaired))
}

// Session counts a session that was read, by its outcome.
func (m *Metrics) Session(outcome string) { m.counters.sessions.WithLabelValues(outcome).Inc() }

// Ended notes how a run ended: its exit code and how long it took.
func (m *Metrics) Ended(kind string, code int, took time.Duration) {
	m.counters.runs.WithLabelValues(kind, strconv.Itoa(code)).Inc()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.exits[kind] = exit{code, time.Now(), took}
}

// Reader reads the books of the account.
type Reader func(ctx context.Context) (model.Books, error)

func (m *Metrics) buildInfo() prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "rollcall_build_info", Help: "Always 1; the labels say which build of Rollcall this is.",
		ConstLabels: prometheus.Labels{"account_id": m.account, "version": m.version, "goversion": runtime.Version()},
	})
	g.Set(1)
	return g
}

// counters are what a process counts. All of them are vectors, so that those of
// an earlier process can be added whatever their labels.
type counters struct {
	requests, requestSeconds, retries, waits, waitSeconds, rows, repaired, sessions, runs *prometheus.CounterVec
}

func newCounters(account string) *counters {
	vector := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rollcall_" + name, Help: help, ConstLabels: prometheus.Labels{"account_id": account},
		}, labels)
	}
	return &counters{
		requests:       vector("api_requests_total", "Requests sent to the RealtimeKit API, by what was asked for and the HTTP status of the answer; none where no answer came.", "endpoint", "class", "code"),
		requestSeconds: vector("api_request_seconds_total", "Seconds from sending requests until their answers were read, summed.", "endpoint"),
		retries:        vector("api_retries_total", "Requests that repeated one that had failed.", "endpoint"),
		waits:          vector("budget_waits_total", "Requests that waited 10 ms or longer for the request budget."),
		waitSeconds:    vector("budget_wait_seconds_total", "Seconds that requests waited for the request budget, summed over all that waited."),
		rows:           vector("rows_total", "Records of the API by the table they belong to and what became of them.", "table", "outcome"),
		repaired:       vector("rows_repaired_total", "Records with at least one mended value, by table. They are in rollcall_rows_total too.", "table"),
		sessions:       vector("sessions_read_total", "Sessions that were read, by what came of it.", "outcome"),
		runs:           vector("runs_total", "Runs that ended, by kind and exit code.", "kind", "exit_code"),
	}
}

func (c *counters) all() map[string]*prometheus.CounterVec {
	return map[string]*prometheus.CounterVec{
		"rollcall_api_requests_total": c.requests, "rollcall_api_request_seconds_total": c.requestSeconds,
		"rollcall_api_retries_total": c.retries, "rollcall_budget_waits_total": c.waits,
		"rollcall_budget_wait_seconds_total": c.waitSeconds, "rollcall_rows_total": c.rows,
		"rollcall_rows_repaired_total": c.repaired, "rollcall_sessions_read_total": c.sessions, "rollcall_runs_total": c.runs,
	}
}

// zero makes the series that are worth an alert, so that their first step from 0
// is seen as one.
func (c *counters) zero() {
	for _, endpoint := range extract.Endpoints {
		for code, class := range map[string]string{"200": "2xx", "429": "4xx", "500": "5xx", "none": "none"} {
			c.requests.WithLabelValues(endpoint, class, code)
		}
		c.requestSeconds.WithLabelValues(endpoint)
		c.retries.WithLabelValues(endpoint)
	}
	c.waits.WithLabelValues()
	c.waitSeconds.WithLabelValues()
	for _, table := range warehouse.Tables {
		for _, outcome := range []string{"inserted", "updated", "unchanged", "rejected", "repeated"} {
			c.rows.WithLabelValues(table, outcome)
		}
		c.repaired.WithLabelValues(table)
	}
	for _, outcome := range []string{model.OutcomeComplete, model.OutcomeLive, model.OutcomeIncomplete, model.OutcomeFailed} {
		c.sessions.WithLabelValues(outcome)
	}
	for _, kind := range []string{model.KindRun, model.KindBackfill} {
		for _, code := range []string{"0", "1", "2", "3", "75"} {
			c.runs.WithLabelValues(kind, code)
		}
	}
}

// reset begins anew.
func (c *counters) reset() {
	for _, vector := range c.all() {
		vector.Reset()
	}
	c.zero()
}

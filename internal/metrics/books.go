package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const (
	booksTimeout = 5 * time.Second
	// booksAge is how old a reading of the books may be that is served again, so
	// that many scrapes do not make many queries.
	booksAge = 10 * time.Second
)

// books collects gauges from the ledger and the states. While they cannot be
// read it says so and repeats what it last knew.
type books struct {
	m    *Metrics
	read Reader

	mu     sync.Mutex
	last   model.Books
	lastAt time.Time // when it was read
	known  bool
	readAt time.Time
	failed bool
}

type gauge struct {
	desc *prometheus.Desc
}

func (m *Metrics) gauge(name, help string, labels ...string) gauge {
	return gauge{prometheus.NewDesc("rollcall_"+name, help, labels, prometheus.Labels{"account_id": m.account})}
}

func (g gauge) send(to chan<- prometheus.Metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, value, labels...)
}

// sendTime sends seconds since 1970; nothing where there is no time.
func (g gauge) sendTime(to chan<- prometheus.Metric, t *time.Time, labels ...string) {
	if t != nil {
		g.send(to, float64(t.UnixMilli())/1000, labels...)
	}
}

// Describe implements prometheus.Collector: the gauges are not checked
// beforehand, since there may be none of a kind.
func (b *books) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (b *books) Collect(to chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refresh()
	m := b.m
	readable := 1.0
	if b.failed {
		readable = 0
	}
	m.gauge("warehouse_readable", "1 where the books in the warehouse could be read, else 0: then the gauges from them are the last known ones.").send(to, readable)
	m.exitGauges(to)
	if b.known {
		m.runGauges(to, b.last.Runs)
		m.appGauges(to, &b.last, time.Since(b.lastAt))
		m.sessionGauges(to, &b.last)
	}
}

// refresh reads the books unless that was done a moment ago.
func (b *books) refresh() {
	if b.read == nil {
		b.failed = true
		return
	}
	if !b.failed && b.known && time.Since(b.readAt) < booksAge {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), booksTimeout)
	defer cancel()
	read, err := b.read(ctx)
	b.readAt, b.failed = time.Now(), err != nil
	if err == nil {
		b.last, b.lastAt, b.known = read, b.readAt, true
	}
}

// exitGauges tell how the runs of this process ended.
func (m *Metrics) exitGauges(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	code := m.gauge("last_exit_code", "Exit code of the last run: 0 done, 1 failed, 2 usage or configuration, 3 something was left out, 75 try later.", "kind")
	at := m.gauge("last_exit_timestamp_seconds", "When the last run ended, however it ended, in seconds since 1970.", "kind")
	took := m.gauge("last_run_duration_seconds", "How long the last run took.", "kind")
	for kind, e := range m.exits {
		code.send(to, float64(e.code), kind)
		at.sendTime(to, &e.at, kind)
		took.send(to, e.took.Seconds(), kind)
	}
}

func (m *Metrics) runGauges(to chan<- prometheus.Metric, runs []model.LastRun) {
	status := m.gauge("last_run_status", "1 for the status of the last run in the ledger, 0 for the others.", "kind", "status")
	started := m.gauge("last_run_start_timestamp_seconds", "When the last run in the ledger began, in seconds since 1970.", "kind")
	completed := m.gauge("last_completed_timestamp_seconds", "When a run last came to its end, exit code 0 or 3, in seconds since 1970.", "kind")
	succeeded := m.gauge("last_success_timestamp_seconds", "When a run last left nothing out, exit code 0, in seconds since 1970.", "kind")
	for i := range runs {
		r := &runs[i]
		for _, s := range []string{"running", model.RunSucceeded, model.RunPartial, model.RunFailed, "abandoned"} {
			is := 0.0
			if s == r.Status {
				is = 1
			}
			status.send(to, is, r.Kind, s)
		}
		started.sendTime(to, &r.StartedAt, r.Kind)
		completed.sendTime(to, r.CompletedAt, r.Kind)
		succeeded.sendTime(to, r.SucceededAt, r.Kind)
	}
}

// freshness gives an age in seconds. One of the future, noted by a clock that was
// ahead, is as old as it is far off: it is no sign that all is well.
func freshness(age time.Duration) float64 {
	const tolerance = 5 * time.Minute
	if age < 0 && age > -tolerance {
		return 0
	}
	return age.Abs().Seconds()
}

// appGauges go by the clock of the database, at which the books were read so long
// ago.
func (m *Metrics) appGauges(to chan<- prometheus.Metric, b *model.Books, since time.Duration) {
	info := m.gauge("app_info", "Always 1; the labels give the name of an app.", "app_id", "app_name")
	fresh := m.gauge("app_fresh_timestamp_seconds", "When the sessions of an app were last listed to the end, in seconds since 1970; absent before the first time.", "app_id")
	age := m.gauge("app_freshness_seconds", "How long before these metrics were made the sessions of an app were last listed to the end.", "app_id")
	for i := range b.Apps {
		a := &b.Apps[i]
		name := ""
		if a.Name != nil {
			name = *a.Name
		}
		info.send(to, 1, a.ID, name)
		fresh.sendTime(to, a.DiscoveredAt, a.ID)
		if a.DiscoveredAt != nil {
			age.send(to, freshness(b.At.Sub(*a.DiscoveredAt)+since), a.ID)
		}
	}
}

func (m *Metrics) sessionGauges(to chan<- prometheus.Metric, b *model.Books) {
	sessions := m.gauge("sessions", "Sessions that a run read, or tried to, each in one state. Behind are live, incomplete, failed and unread.", "state")
	c := &b.Sessions
	for state, n := range map[string]int64{
		"live": c.Live, "settling": c.Settling, "settled": c.Settled, "incomplete": c.Incomplete,
		"failed": c.Failed, "unread": c.Unread, "gone": c.Gone,
	} {
		sessions.send(to, float64(n), state)
	}
	m.gauge("sessions_waiting", "Sessions that failed or did not add up and are left alone until their next try. They are in rollcall_sessions as failed or incomplete too.").
		send(to, float64(b.Waiting))
	rejected := m.gauge("rejected_records_open", "Records that were set aside and are not resolved.", "entity")
	open := map[string]int64{}
	for _, entity := range []string{
		model.EntityApp, model.EntitySession, model.EntityParticipant, model.EntityPeerEvent,
		model.EntityMeeting, model.EntityMeetingParticipant, model.EntityDailyStats, model.EntityPeerReport,
	} {
		open[entity] = 0
	}
	for _, r := range b.Rejected {
		open[r.Entity] = r.Open
	}
	for entity, n := range open {
		rejected.send(to, float64(n), entity)
	}
}

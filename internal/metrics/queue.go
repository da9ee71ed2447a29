package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Queue collects gauges of the queue, from the warehouse. While that cannot be read it
// gives none, which is an alert of its own.
type Queue struct {
	read   func(ctx context.Context) ([]model.QueueFigures, error)
	logger *slog.Logger

	mu     sync.Mutex
	last   []model.QueueFigures
	readAt time.Time
}

// NewQueue gives a collector of what read tells, which is asked at most every ten
// seconds.
func NewQueue(read func(ctx context.Context) ([]model.QueueFigures, error), logger *slog.Logger) *Queue {
	return &Queue{read: read, logger: logger}
}

var queueMetrics = []struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(f *model.QueueFigures) float64
}{
	{queueDesc("queue_age_seconds", "Seconds that the session has waited that waits longest to be read; failing ones left out."), prometheus.GaugeValue, func(f *model.QueueFigures) float64 { return f.Age }},
	{queueDesc("queue_jobs_due", "Jobs that could run and wait for a worker."), prometheus.GaugeValue, func(f *model.QueueFigures) float64 { return float64(f.Due) }},
	{queueDesc("queue_jobs_later", "Jobs of a later time."), prometheus.GaugeValue, func(f *model.QueueFigures) float64 { return float64(f.Later) }},
	{queueDesc("queue_jobs_running", "Jobs in the hands of workers."), prometheus.GaugeValue, func(f *model.QueueFigures) float64 { return float64(f.Running) }},
	{queueDesc("queue_jobs_failing", "Jobs that failed and are tried again."), prometheus.GaugeValue, func(f *model.QueueFigures) float64 { return float64(f.Failing) }},
	{queueDesc("queue_workers", "Workers that are alive."), prometheus.GaugeValue, func(f *model.QueueFigures) float64 { return float64(f.Workers) }},
	{queueDesc("sessions_unannounced_total", "Sessions of which a list told and no webhook, in apps whose webhooks arrive."), prometheus.CounterValue, func(f *model.QueueFigures) float64 { return float64(f.Unannounced) }},
}

func queueDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("rollcall_"+name, help, []string{"account_id"}, nil)
}

// Describe implements prometheus.Collector.
func (*Queue) Describe(to chan<- *prometheus.Desc) {
	for _, m := range queueMetrics {
		to <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (q *Queue) Collect(to chan<- prometheus.Metric) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Since(q.readAt) >= booksAge {
		ctx, cancel := context.WithTimeout(context.Background(), booksTimeout)
		defer cancel()
		figures, err := q.read(ctx)
		if err != nil {
			q.logger.WarnContext(ctx, "the queue's metrics are left out", "error", err)
			return
		}
		q.last, q.readAt = figures, time.Now()
	}
	for i := range q.last {
		for _, m := range queueMetrics {
			to <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(&q.last[i]), q.last[i].AccountID)
		}
	}
}

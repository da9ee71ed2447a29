package metrics

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Webhooks counts the deliveries that one process received. Safe for concurrent use.
type Webhooks struct {
	registry   *prometheus.Registry
	deliveries *prometheus.CounterVec
	seconds    prometheus.Histogram
}

// NewWebhooks gives counters of the given events and outcomes, all 0.
func NewWebhooks(version string, events, outcomes []string) *Webhooks {
	w := &Webhooks{
		registry: prometheus.NewRegistry(),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rollcall_webhooks_total", Help: "Webhooks that were delivered, by event and what became of them; unsigned ones tell no event.",
		}, []string{"event", "outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rollcall_webhook_seconds", Help: "Seconds from the head of a delivery until its answer was known.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 3},
		}),
	}
	for _, event := range events {
		for _, outcome := range outcomes {
			w.deliveries.WithLabelValues(event, outcome)
		}
	}
	w.registry.MustRegister(w.deliveries, w.seconds, New("", version).buildInfo(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return w
}

// Delivery counts one.
func (w *Webhooks) Delivery(event, outcome string, took time.Duration) {
	w.deliveries.WithLabelValues(event, outcome).Inc()
	w.seconds.Observe(took.Seconds())
}

// Handler serves what was counted.
func (w *Webhooks) Handler(logger *slog.Logger) http.Handler {
	return promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	})
}

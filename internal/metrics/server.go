package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	appmodel "github.com/rollcall-etl/rollcall/internal/model"
)

// Collector gives metrics.
type Collector = prometheus.Collector

// Server serves /metrics, and /healthz for whoever restarts processes that hang.
type Server struct {
	metrics  *Metrics
	listener net.Listener
	http     *http.Server
	done     chan error
}

// Listen takes the address, so that one that is not free is told before any work
// begins. Nothing is answered before Serve.
func Listen(ctx context.Context, m *Metrics, addr string) (*Server, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, fmt.Errorf("%w: ROLLCALL_METRICS_ADDR must look like 127.0.0.1:9464, got %q", appmodel.ErrUsage, addr)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w; free the address or give another with ROLLCALL_METRICS_ADDR", err)
	}
	return &Server{metrics: m, listener: listener, done: make(chan error, 1)}, nil
}

// Addr gives the address that is listened on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Serve begins to answer; more is served beside what is counted and read.
func (s *Server) Serve(read Reader, logger *slog.Logger, more ...Collector) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(more...)
	registry.MustRegister(s.metrics.Collectors(read)...)
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError,
		MaxRequestsInFlight: 4, Timeout: 2 * booksTimeout,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	s.http = &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	go func() { s.done <- s.http.Serve(s.listener) }()
}

// Collectors gives what is known of the account: for Serve, where a process works for
// more than one.
func (m *Metrics) Collectors(read Reader) []Collector {
	all := []Collector{m.buildInfo(), &books{m: m, read: read}}
	for _, vector := range m.counters.all() {
		all = append(all, vector)
	}
	return all
}

// Close stops to answer, also when ctx has ended.
func (s *Server) Close(ctx context.Context) error {
	if s.http == nil {
		return s.listener.Close()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) { // a connection on which nothing came, as a rule
		err = s.http.Close()
	}
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

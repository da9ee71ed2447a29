package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/metrics"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/ping"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/tracing"
)

// metricsFlags say where metrics go.
type metricsFlags struct {
	MetricsFile string `env:"ROLLCALL_METRICS_FILE" placeholder:"FILE" help:"At the end of a run, however it ends, write Prometheus metrics to this file, for the node exporter's textfile collector: its name ends in .prom (${env})."`
}

// watchFlags are those of a command that is scheduled.
type watchFlags struct {
	metricsFlags
	MetricsAddr string `env:"ROLLCALL_METRICS_ADDR" placeholder:"HOST:PORT" help:"With --every: serve /metrics and /healthz on this address, such as 127.0.0.1:9464, to anybody who reaches it (${env})."`
	PingURLFile string `name:"ping-url-file" env:"ROLLCALL_PING_URL_FILE" placeholder:"FILE" help:"File with the address of a dead man's switch in the convention of healthchecks.io, in place of ROLLCALL_PING_URL (${env})."`

	NotifyURLFile string `name:"notify-url-file" env:"ROLLCALL_NOTIFY_URL_FILE" placeholder:"FILE" help:"File with the address of a chat or mailbox that is told when runs begin to fail, and when they succeed again, in place of ROLLCALL_NOTIFY_URL: slack://…, smtp://… and others of shoutrrr (${env})."`

	stays  bool // more runs follow in this process
	ofMany bool // this run is one of several, of which the switch is told together
}

// monitor shows the runs of this process to those who watch: metrics, traces and
// a dead man's switch. A nil one shows nothing.
type monitor struct {
	logger  logger
	kind    string
	metrics *metrics.Metrics
	file    string          // empty for none
	server  *metrics.Server // nil for none
	ping    *ping.Switch    // nil for none
	alarm   *alarm          // nil for none
	tracing *tracing.Tracing
}

// openMonitor checks the flags and takes the address to serve on; no work has
// begun by then. flags are nil where nobody is to be told, whatever the environment says.
func openMonitor(s *shell, kind, accountID string, flags *watchFlags, log logger) (*monitor, error) {
	isTold := flags != nil
	if !isTold {
		flags = &watchFlags{}
	}
	if flags.MetricsFile != "" && filepath.Ext(flags.MetricsFile) != ".prom" {
		return nil, fmt.Errorf("%w: ROLLCALL_METRICS_FILE: the collector reads only names that end in .prom, and %s does not", model.ErrUsage, flags.MetricsFile)
	}
	m := &monitor{logger: log, kind: kind, file: flags.MetricsFile, metrics: metrics.New(accountID, version())}
	var err error
	if kind == model.KindRun && isTold { // a backfill is no sign of life of the cron job
		if err = m.openAddresses(flags); err != nil {
			return nil, err
		}
	}
	if flags.MetricsAddr != "" {
		if m.server, err = metrics.Listen(s.ctx, m.metrics, flags.MetricsAddr); err != nil {
			return nil, err
		}
	}
	m.tracing = tracing.Start(s.ctx, version(), log) // last: nothing has to be closed before
	return m, nil
}

// openAddresses reads whom runs are told to.
func (m *monitor) openAddresses(flags *watchFlags) error {
	var err error
	if !flags.ofMany {
		if m.ping, err = openSwitch(flags, m.logger); err != nil {
			return err
		}
	}
	address, err := secret.Read("ROLLCALL_NOTIFY_URL", flags.NotifyURLFile)
	if err != nil {
		return err
	}
	m.alarm, err = newAlarm(address, flags.stays, m.logger)
	return err
}

// openSwitch reads the address of the dead man's switch; it gives nil for none.
func openSwitch(flags *watchFlags, log logger) (*ping.Switch, error) {
	address, err := secret.Read("ROLLCALL_PING_URL", flags.PingURLFile)
	if err != nil {
		return nil, err
	}
	return ping.New(address, log)
}

// close ends what watches; it takes a few seconds at most.
func (m *monitor) close(ctx context.Context) {
	m.tracing.Close(ctx, m.logger)
	if m.server != nil {
		if err := m.server.Close(ctx); err != nil {
			m.logger.WarnContext(ctx, "the metrics server did not end well", "error", err)
		}
	}
}

// ended is called once at the end of a run. store is nil where there is none.
type ended func(ctx context.Context, store *ledger.Store, accountID string, result pipeline.Result, err error)

// began notes that a run begins.
func (m *monitor) began(ctx context.Context) (runCtx context.Context, end ended) {
	if m == nil {
		return ctx, func(context.Context, *ledger.Store, string, pipeline.Result, error) {}
	}
	started := time.Now()
	pinged := m.ping.Start(ctx)
	runCtx, endSpan := m.tracing.Span(ctx, "rollcall "+m.kind)
	return runCtx, func(ctx context.Context, store *ledger.Store, accountID string, result pipeline.Result, err error) {
		code := exitCode(err)
		reason := err
		if errors.Is(err, errPartial) {
			reason = nil
		}
		endSpan(reason, attribute.Int64("rollcall.run_id", result.Run.ID), attribute.String("rollcall.run_status", result.Status),
			attribute.Int("rollcall.exit_code", code), attribute.Int("rollcall.sessions_read", result.Totals.SessionsRead()))
		m.metrics.Ended(m.kind, code, time.Since(started))
		m.writeFile(ctx, store, accountID)
		pinged.End(ctx, code, summary(m.kind, code, result, err))
		m.alarm.ended(ctx, store, accountID, result, err)
	}
}

func (m *monitor) writeFile(ctx context.Context, store *ledger.Store, accountID string) {
	if m.file == "" {
		return
	}
	var read metrics.Reader
	if store != nil {
		read = booksOf(store, accountID)
	}
	if err := m.metrics.WriteFile(ctx, m.file, read); err != nil {
		m.logger.WarnContext(ctx, "metrics file; the run is not affected", "error", err)
	}
}

func booksOf(store *ledger.Store, accountID string) metrics.Reader {
	return func(ctx context.Context) (model.Books, error) { return store.Books(ctx, accountID) }
}

// refused notes a run that could not begin.
func (m *monitor) refused(ctx context.Context, err error) {
	ctx, end := m.began(ctx)
	end(ctx, nil, "", pipeline.Result{}, err)
}

// session counts a session and makes its span; for pipeline.Config.Observe.
func (m *monitor) session(ctx context.Context, appID string, id model.UUID) (sessionCtx context.Context, done func(outcome string, reason error)) {
	ctx, end := m.tracing.Span(ctx, "session",
		attribute.String("rollcall.app_id", appID), attribute.String("rollcall.session_id", id.String()))
	return ctx, func(outcome string, reason error) {
		if outcome != "" {
			m.metrics.Session(outcome)
		}
		end(reason, attribute.String("rollcall.outcome", outcome))
	}
}

// observeAPI has requests counted and traced.
func (m *monitor) observeAPI(cfg *extract.Config) {
	if m != nil {
		cfg.Observe = m.metrics.Request
		cfg.Transport = m.tracing.Transport(extract.Endpoint)
	}
}

// summary tells the dead man's switch in a few lines what a run did.
func summary(kind string, code int, result pipeline.Result, err error) string {
	var text bytes.Buffer
	if result.Run.ID != 0 {
		printResult(&screen{w: &text}, result)
	}
	fmt.Fprintf(&text, "%s: exit code %d\n", kind, code)
	if err != nil {
		fmt.Fprintln(&text, oneLine(err.Error()))
	}
	return text.String()
}

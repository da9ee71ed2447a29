package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/metrics"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/worker"
)

// workCommand works off the queue.
type workCommand struct {
	apiFlags      `embed:"" group:"API"`
	databaseFlags `embed:"" group:"Database"`
	privacyFlags  `embed:"" group:"Privacy"`

	MetricsAddr string `env:"ROLLCALL_METRICS_ADDR" group:"Monitoring" placeholder:"HOST:PORT" help:"Serve /metrics and /healthz on this address, such as 127.0.0.1:9464, to anybody who reaches it (${env})."`
}

// Help gives the longer text of --help.
func (*workCommand) Help() string {
	return `Reads the sessions that webhooks tell of (rollcall serve), and lists each app as a net for those that none told of. Start as many of it as you like, on as many machines: they share the jobs and the request budget, and what one had in hand when it was killed another takes up. Enrolment, daily counts and peer reports stay with rollcall run. Stop all of them before rollcall migrate.`
}

// workWait is the longest wait for the budget before a job gives its place to others.
const workWait = 10 * time.Second

// restartPause is how long a worker that lost its connection waits.
const restartPause = 5 * time.Second

// Run carries the command out.
func (c *workCommand) Run(s *shell) error {
	if c.isPrivate() {
		return fmt.Errorf("%w: DATABASE_URL is not set, and the private Postgres belongs to one process: serve and work need a server that both reach", model.ErrUsage)
	}
	c.MaxWait = min(c.MaxWait, workWait)
	j, err := c.openWork(s)
	if err != nil {
		return err
	}
	defer j.close()
	defer j.monitor.close(s.ctx)
	for {
		err := j.work(s)
		switch {
		case s.ctx.Err() != nil:
			return err
		case errors.Is(err, model.ErrLocked):
			s.logger.InfoContext(s.ctx, "the worker waits for the migration", "reason", err)
		case errors.As(err, new(*postgres.BehindError)):
			s.logger.WarnContext(s.ctx, "the worker waits for rollcall migrate up", "reason", err)
		case err == nil || worker.Refused(err):
			return err
		default:
			s.logger.WarnContext(s.ctx, "the worker stopped and begins anew", "error", err)
		}
		if !pauseFor(s.ctx, restartPause) {
			return nil
		}
	}
}

// pauseFor waits; false where ctx ended before.
func pauseFor(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// workConnections are those that a worker needs beside its readers: for its lock, the
// queue's notices and fetches, and to look after it.
const workConnections = 6

// openWork checks the configuration and connects.
func (c *workCommand) openWork(s *shell) (*job, error) {
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	j := &job{shell: s, api: &c.apiFlags, database: &c.databaseFlags, logger: s.logger}
	if j.privacy, err = c.privacy(); err != nil {
		return nil, err
	}
	if j.monitor, err = openMonitor(s, model.KindWork, c.AccountID, &watchFlags{MetricsAddr: c.MetricsAddr}, s.logger); err != nil {
		return nil, err
	}
	if j.pool, j.close, err = c.open(s.ctx, s.logger, runConnections(c.Concurrency)+workConnections); err != nil {
		return nil, err
	}
	err = postgres.CheckSchema(s.ctx, j.pool)
	for errors.As(err, new(*postgres.BehindError)) {
		s.logger.WarnContext(s.ctx, "the worker waits for rollcall migrate up", "reason", err)
		if pauseFor(s.ctx, restartPause) {
			err = postgres.CheckSchema(s.ctx, j.pool)
			continue
		}
		err = s.ctx.Err()
	}
	if err == nil {
		j.client, err = c.watchedClient(token, ledger.New(newWarehouse(j.pool, s.logger)), s.logger, j.monitor)
	}
	if err == nil {
		err = j.findApps(s.ctx)
	}
	if err == nil {
		err = j.serveMetrics()
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// serveMetrics answers those who watch the worker and the queue, where an address is
// given.
func (j *job) serveMetrics() error {
	if j.monitor.server == nil {
		return nil
	}
	q, err := queue.New(j.pool, j.logger)
	if err != nil {
		return err
	}
	j.monitor.server.Serve(booksOf(ledger.New(newWarehouse(j.pool, j.logger)), j.api.AccountID), j.logger, metrics.NewQueue(q.Figures, j.logger))
	return nil
}

// work is one life of a worker.
func (j *job) work(s *shell) error {
	release, err := postgres.HoldSchema(s.ctx, j.pool)
	if err != nil {
		return err
	}
	defer release()
	db := newWarehouse(j.pool, j.logger)
	if err := db.Protect(s.ctx, j.privacy); err != nil {
		return err
	}
	q, err := queue.New(j.pool, j.logger)
	if err != nil {
		return err
	}
	config := j.api.pipelineConfig()
	config.Observe = j.monitor.session
	db.Observe(j.monitor.metrics.Rows)
	p := pipeline.New(config, j.client, stores.New(db), j.logger)
	w := worker.New(worker.Config{
		AccountID: j.api.AccountID, Concurrency: j.api.Concurrency, Settle: j.api.Settle, Version: version(), Logger: j.logger,
	}, db, q, p)
	return w.Run(s.ctx)
}

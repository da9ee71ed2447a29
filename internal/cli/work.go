package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/metrics"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/when"
	"github.com/rollcall-etl/rollcall/internal/worker"
)

// workCommand works off the queue.
type workCommand struct {
	apiFlags      `embed:"" group:"API"`
	databaseFlags `embed:"" group:"Database"`
	optionalFlags `embed:"" group:"Optional reads"`
	privacyFlags  `embed:"" group:"Privacy"`

	Since       filled `env:"ROLLCALL_SINCE" group:"API" placeholder:"DATE" help:"In an app that was never read, leave out the sessions created before, as in rollcall run (${env})."`
	MetricsAddr string `env:"ROLLCALL_METRICS_ADDR" group:"Monitoring" placeholder:"HOST:PORT" help:"Serve /metrics and /healthz on this address, such as 127.0.0.1:9464, to anybody who reaches it (${env})."`
}

// Help gives the longer text of --help.
func (*workCommand) Help() string {
	return `Reads the sessions that webhooks tell of (rollcall serve), and lists each app as a net for those that none told of. Start as many of it as you like, on as many machines: they share the jobs and the request budget, and what one had in hand when it was killed another takes up. It also makes the optional reads of rollcall run, and the backfills that rollcall backfill --enqueue asked for. It makes room for rollcall migrate by itself.`
}

// workWait is the longest wait for the budget before a job gives its place to others.
const workWait = 10 * time.Second

// restartPause is how long a worker that lost its connection waits.
const restartPause = 5 * time.Second

// workConnections are those that a worker needs beside its readers: for its lock, the
// queue's notices and fetches, and to look after it.
const workConnections = 6

var errOwnDatabase = fmt.Errorf("%w: DATABASE_URL is not set, and the private Postgres belongs to one process: serve and work need a server that both reach", model.ErrUsage)

// Run carries the command out.
func (c *workCommand) Run(s *shell) error {
	if c.isPrivate() {
		return errOwnDatabase
	}
	c.MaxWait = min(c.MaxWait, workWait)
	privacy, err := c.privacy()
	if err != nil {
		return err
	}
	optional, err := c.optional()
	if err != nil {
		return err
	}
	since := span{flag: "ROLLCALL_SINCE"}
	if since.from, err = when.Parse(string(c.Since)); err != nil {
		return fmt.Errorf("%w: ROLLCALL_SINCE: %w", model.ErrUsage, err)
	}
	desks, err := c.desks(s)
	if err != nil {
		return err
	}
	opened := desks
	defer func() {
		for _, j := range opened {
			j.monitor.close(s.ctx)
		}
	}()
	pool, done, err := c.open(s.ctx, s.logger, runConnections(c.Concurrency*len(desks))+workConnections)
	if err != nil {
		return err
	}
	defer done()
	from, _, err := since.settle(s.ctx, pool)
	if err != nil {
		return err
	}
	if err := awaitSchema(s, pool); err != nil {
		return err
	}
	if desks, err = c.connect(s, desks, pool); err != nil {
		return err
	}
	cfg := worker.Config{Concurrency: c.Concurrency, Settle: c.Settle, Version: version(), Since: from, Optional: optional, Logger: s.logger}
	return c.goOn(s, func() error { return c.work(s, desks, pool, privacy, cfg) })
}

// goOn calls work again and again: whatever ends it may be mended meanwhile, but a wrong
// configuration and a newer schema.
func (c *workCommand) goOn(s *shell, work func() error) error {
	for {
		err := work()
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
		if !worker.Pause(s.ctx, restartPause) {
			return nil
		}
	}
}

// awaitSchema waits where the schema is that of an older program: somebody brings it up
// to date when the last worker of that is replaced.
func awaitSchema(s *shell, pool *pgxpool.Pool) error {
	for {
		err := postgres.CheckSchema(s.ctx, pool)
		if !errors.As(err, new(*postgres.BehindError)) {
			return err
		}
		s.logger.WarnContext(s.ctx, "the worker waits for rollcall migrate up", "reason", err)
		if !worker.Pause(s.ctx, restartPause) {
			return context.Cause(s.ctx)
		}
	}
}

// desks checks the configuration, account by account. Nothing is connected yet. What was
// opened before an error is closed. An account of many whose token cannot be read keeps no
// other from being worked for.
func (c *workCommand) desks(s *shell) (ready []*job, err error) {
	accounts, err := c.many()
	if err != nil {
		return nil, err
	}
	all := []*job{{shell: s, jobOf: jobOf{api: &c.apiFlags}, logger: s.logger}}
	if len(accounts) > 0 {
		all = nil
	}
	for i := range accounts {
		api := c.apiFlags
		api.take(&accounts[i])
		all = append(all, &job{shell: s, jobOf: jobOf{api: &api}, logger: s.logger.With("account", accounts[i].label())})
	}
	defer func() {
		for _, j := range ready {
			if err != nil {
				j.monitor.close(s.ctx)
			}
		}
	}()
	var failed error
	addr := c.MetricsAddr // the first answers for all
	for _, j := range all {
		if err := j.api.check(); err != nil { // flags are of all
			return ready, err
		}
		if err := j.credible(); err != nil {
			if failed = err; len(all) > 1 {
				j.logger.ErrorContext(s.ctx, "the token of the account cannot be read: it is left out until the worker starts again", "error", err)
			}
			continue
		}
		if j.monitor, err = openMonitor(s, model.KindWork, j.api.AccountID, &watchFlags{MetricsAddr: addr}, j.logger); err != nil {
			return ready, err
		}
		ready, addr = append(ready, j), ""
	}
	if len(ready) == 0 {
		return nil, failed
	}
	return ready, nil
}

// credible refuses a token that cannot be read, or sent.
func (j *job) credible() error {
	token, err := j.api.token()
	if err == nil {
		_, err = j.api.client(token, nil, j.logger)
	}
	return j.api.told(err)
}

// connect makes the client of each account, and answers those who watch. An account of
// many whose apps cannot be found keeps no other from being worked for.
func (c *workCommand) connect(s *shell, all []*job, pool *pgxpool.Pool) (ready []*job, err error) {
	db := newWarehouse(pool, s.logger)
	for _, j := range all {
		token, err := j.api.token()
		if err != nil {
			return nil, err
		}
		j.pool = pool
		if j.client, err = j.api.watchedClient(token, ledger.New(db), j.logger, j.monitor); err != nil {
			return nil, err
		}
		switch err := j.findApps(s.ctx); {
		case err == nil:
			ready = append(ready, j)
		case len(all) == 1:
			return nil, j.api.told(err)
		default:
			j.logger.ErrorContext(s.ctx, "the apps of the account cannot be found: it is left out until the worker starts again", "error", j.api.told(err))
		}
	}
	if len(ready) == 0 {
		return nil, errors.New("the apps of no account could be found; the log says why")
	}
	return ready, serveWork(s, all, db)
}

// serveWork answers those who watch the worker and the queue, where an address is given.
func serveWork(s *shell, all []*job, db *warehouse.DB) error {
	if all[0].monitor.server == nil {
		return nil
	}
	q, err := queue.New(db.Pool, s.logger)
	if err != nil {
		return err
	}
	books := ledger.New(db)
	more := []metrics.Collector{metrics.NewQueue(q.Figures, s.logger)}
	for _, j := range all[1:] {
		more = append(more, j.monitor.metrics.Collectors(booksOf(books, j.api.AccountID))...)
	}
	all[0].monitor.server.Serve(booksOf(books, all[0].api.AccountID), s.logger, more...)
	s.logger.InfoContext(s.ctx, "metrics served", "addr", all[0].monitor.server.Addr())
	return nil
}

// work is one life of a worker.
func (c *workCommand) work(s *shell, desks []*job, pool *pgxpool.Pool, privacy warehouse.Privacy, cfg worker.Config) error {
	release, err := postgres.HoldSchema(s.ctx, pool)
	if err != nil {
		return err
	}
	defer release()
	db := newWarehouse(pool, s.logger)
	if err := db.Protect(s.ctx, privacy); err != nil {
		return err
	}
	q, err := queue.New(pool, s.logger)
	if err != nil {
		return err
	}
	db.Observe(desks[0].monitor.metrics.Rows)
	store := stores.New(db) // one, so that it counts what waits in memory for all
	for _, j := range desks {
		if err := j.api.liveIn(s.ctx, ledger.New(db)); err != nil {
			return err
		}
		config := j.api.pipelineConfig()
		config.Observe = j.monitor.session
		cfg.Accounts = append(cfg.Accounts, worker.Account{ID: j.api.AccountID, Pipeline: pipeline.New(config, j.client, store, j.logger)})
	}
	return worker.New(cfg, db, q).Run(s.ctx)
}

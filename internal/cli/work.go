package cli

import (
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/ledger"
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
	for {
		err := j.work(s)
		switch {
		case s.ctx.Err() != nil:
			return err
		case err == nil || worker.Refused(err):
			return err
		}
		s.logger.WarnContext(s.ctx, "the worker stopped and begins anew", "error", err)
		timer := time.NewTimer(restartPause)
		select {
		case <-s.ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
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
	if j.pool, j.close, err = c.open(s.ctx, s.logger, runConnections(c.Concurrency)+workConnections); err != nil {
		return nil, err
	}
	if err = postgres.CheckSchema(s.ctx, j.pool); err == nil {
		j.client, err = c.client(token, ledger.New(newWarehouse(j.pool, s.logger)), s.logger)
	}
	if err == nil {
		err = j.findApps(s.ctx)
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
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
	p := pipeline.New(j.api.pipelineConfig(), j.client, stores.New(db), j.logger)
	w := worker.New(worker.Config{
		AccountID: j.api.AccountID, Concurrency: j.api.Concurrency, Settle: j.api.Settle, Version: version(), Logger: j.logger,
	}, db, q, p)
	return w.Run(s.ctx)
}

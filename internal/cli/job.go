package cli

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// jobOf says what a job is to do, as the flags of its command have it.
type jobOf struct {
	kind     string // of run
	api      *apiFlags
	database *databaseFlags
	watch    *watchFlags // whom to tell; nil for nobody
	privacy  privacySource
	asked    span // the range that was asked for
	quiet    bool
	wrong    error // what is wrong with the command's own flags, for whoever watches to be told
}

// job has at hand what run, backfill and verify need: a client of the API and the warehouse.
type job struct {
	jobOf
	shell    *shell
	logger   logger
	rules    warehouse.Privacy // what privacy gives
	from, to time.Time         // of asked; zero is an open side

	client  *extract.Client
	pool    *pgxpool.Pool
	bar     *bar     // nil for none
	monitor *monitor // tells whom watch names; nil for nobody
	close   func()
}

// privacySource is flags that say how personal data is treated.
type privacySource interface {
	privacy() (warehouse.Privacy, error)
}

// openJob checks the configuration, connects, and refuses a schema that is not
// this program's. Whoever watches is told of that.
func openJob(s *shell, of jobOf) (*job, error) {
	j := &job{jobOf: of, shell: s, logger: s.logger}
	if j.quiet {
		j.logger = quietly(s.logger)
	}
	var err error
	if j.monitor, err = openMonitor(s, j.kind, j.api.AccountID, j.watch, j.logger); err != nil {
		return nil, err
	}
	if err := j.open(); err != nil {
		j.monitor.refused(s.ctx, err)
		j.monitor.close(s.ctx)
		return nil, err
	}
	closePool := j.close
	j.close = func() {
		j.monitor.close(s.ctx)
		j.client.Close()
		closePool()
	}
	if j.monitor.server != nil {
		j.monitor.server.Serve(booksOf(ledger.New(warehouse.New(j.pool, j.logger)), j.api.AccountID), j.logger)
		j.logger.InfoContext(s.ctx, "metrics served", "addr", j.monitor.server.Addr())
	}
	return j, nil
}

// runConnections is how many connections a run opens at most.
func runConnections(concurrency int) int { return load.Connections(concurrency) + 1 } // one holds the schema

// open connects to the API and the warehouse.
func (j *job) open() error {
	if j.wrong != nil {
		return j.wrong
	}
	token, err := j.api.token()
	if err != nil {
		return err
	}
	// A wrong configuration is told before the database is tried.
	if _, err := j.api.client(token, nil, j.logger); err != nil {
		return err
	}
	if j.rules, err = j.privacy.privacy(); err != nil {
		return err
	}
	ctx := j.shell.ctx
	connections := runConnections(j.api.Concurrency)
	if j.monitor.server != nil {
		connections++ // scrapes do not wait for sessions
	}
	if j.pool, j.close, err = j.database.openTraced(ctx, j.logger, connections, j.monitor.tracing.Postgres()); err != nil {
		return err
	}
	if j.from, j.to, err = j.asked.settle(ctx, j.pool); err != nil {
		j.close()
		return err
	}
	if err := postgres.CheckSchema(ctx, j.pool); err != nil {
		j.close()
		return err
	}
	if j.client, err = j.api.watchedClient(token, ledger.New(warehouse.New(j.pool, j.logger)), j.logger, j.monitor); err == nil {
		err = j.findApps(ctx)
	}
	if err != nil {
		j.close()
	}
	return err
}

// run makes one run and prints what it did. Whoever watches is told also of one that
// cannot begin, as where the database only reads.
func (j *job) run(ctx context.Context, plan pipeline.Plan) (pipeline.Result, error) {
	db := newWarehouse(j.pool, j.logger)
	runCtx, ended := j.monitor.began(ctx)
	release, err := j.hold(runCtx, db)
	defer release()
	var result pipeline.Result
	if err == nil {
		result, err = j.pipeline(db).Run(runCtx, plan)
	}
	j.bar.close()
	if err == nil && result.Status == model.RunPartial {
		err = errPartial
	}
	if result.Run.ID != 0 && !(j.quiet && err == nil && result.Status == model.RunSucceeded) {
		printResult(newScreen(j.shell), result)
	}
	if result.Run.ID != 0 {
		ctx = model.WithRun(ctx, result.Run.ID)
	}
	ended(ctx, ledger.New(db), j.api.AccountID, result, err)
	return result, err
}

// unbegunError is why a run could not begin: the ledger has no entry of it.
type unbegunError struct{ error }

func (e *unbegunError) Unwrap() error { return e.error }

// hold keeps the schema as it is until release, and gets the warehouse ready for a run. The
// schema is looked at before each: --every outlives an upgrade.
func (j *job) hold(ctx context.Context, db *warehouse.DB) (release func(), err error) {
	if release, err = postgres.HoldSchema(ctx, j.pool); err != nil {
		return func() {}, &unbegunError{err}
	}
	if err = db.Protect(ctx, j.rules); err == nil {
		err = j.api.liveIn(ctx, ledger.New(db))
	}
	if err != nil {
		err = &unbegunError{err}
	}
	return release, err
}

// pipeline gives what copies from the API to a warehouse, seen by whoever watches.
func (j *job) pipeline(db *warehouse.DB) *pipeline.Pipeline {
	config := j.api.pipelineConfig()
	config.Progress = j.bar.shown()
	if j.monitor != nil {
		config.Observe = j.monitor.session
		db.Observe(j.monitor.metrics.Rows)
	}
	return pipeline.New(config, j.client, stores.New(db), j.logger)
}

// repeat runs until it is told to stop. Whatever ends a run, the next one tries
// again at its time: a token may be renewed, a database come back, a schema be
// brought up to date meanwhile.
func (j *job) repeat(ctx context.Context, plan pipeline.Plan, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		_, err := j.run(ctx, plan)
		switch {
		case ctx.Err() != nil:
			return nil // told to stop: that is how this command ends
		case pipeline.Resumable(err):
			j.logger.InfoContext(ctx, "run put off, the next one tries again", "error", err)
		case err != nil && !errors.Is(err, errPartial):
			j.logger.ErrorContext(ctx, "run failed, the next one tries again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

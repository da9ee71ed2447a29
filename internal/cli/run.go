package cli

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/rollcall-etl/rollcall/internal/when"
)

// runCommand is the cron job.
type runCommand struct {
	apiFlags      `embed:"" group:"API"`
	databaseFlags `embed:"" group:"Database"`
	optionalFlags `embed:"" group:"Optional reads"`
	watchFlags    `embed:"" group:"Monitoring"`
	privacyFlags  `embed:"" group:"Privacy"`

	Every time.Duration `env:"ROLLCALL_EVERY" placeholder:"DURATION" help:"Stay in the foreground and run again this long after each start, 1m or longer (${env})."`
	Since filled        `env:"ROLLCALL_SINCE" placeholder:"DATE" help:"In an app that was never read, leave out the sessions created before: 2026-01-01, yesterday, or how long ago: 36h, 3d, 2w. Without it the first run reads the whole history (${env})."`

	DryRun bool `help:"Say which sessions would be read, how many requests that takes and how long; write nothing."`
	Quiet  bool `short:"q" help:"Print nothing when all went well."`
}

// Run carries the command out.
func (c *runCommand) Run(s *shell) error {
	if c.Every != 0 && c.Every < time.Minute {
		return fmt.Errorf("%w: ROLLCALL_EVERY must be 1m or longer", model.ErrUsage)
	}
	if c.MetricsAddr != "" && (c.Every == 0 || c.MetricsFile != "") {
		return fmt.Errorf("%w: ROLLCALL_METRICS_ADDR goes with --every and without ROLLCALL_METRICS_FILE: a run that ends has nobody to serve", model.ErrUsage)
	}
	if c.DryRun && c.Every != 0 {
		return fmt.Errorf("%w: --dry-run cannot be combined with --every", model.ErrUsage)
	}
	plan := pipeline.Plan{Kind: model.KindRun}
	var err error
	if plan.Optional, err = c.optional(); err != nil {
		return err
	}
	since := span{flag: "ROLLCALL_SINCE"}
	if since.from, err = when.Parse(string(c.Since)); err != nil {
		return fmt.Errorf("%w: ROLLCALL_SINCE: %w", model.ErrUsage, err)
	}
	bar := newBar(s, "run", c.Quiet || c.DryRun || c.Every > 0)
	defer bar.close()
	s.logger = bar.above(s.logger)
	watch := &c.watchFlags
	if c.DryRun {
		watch = &watchFlags{}
	}
	j, err := openJob(s, model.KindRun, &c.apiFlags, &c.databaseFlags, watch, &c.privacyFlags, since, c.Quiet)
	if err != nil {
		return err
	}
	defer j.close()
	plan.Since = j.from
	if c.DryRun {
		return j.preview(plan)
	}
	j.bar = bar
	if c.Every == 0 {
		_, err := j.run(s.ctx, plan)
		if c.Quiet && errors.Is(err, model.ErrLocked) {
			return errHeld
		}
		return err
	}
	return j.repeat(s.ctx, plan, c.Every)
}

// forMany implements choosy.
func (c *runCommand) forMany() error {
	if c.Every != 0 {
		return fmt.Errorf("%w: ROLLCALL_EVERY repeats the run of one account: schedule rollcall run, start rollcall work, or choose one with --account", model.ErrUsage)
	}
	return nil
}

// job is a client, a warehouse and what joins them.
type job struct {
	shell    *shell
	api      *apiFlags
	database *databaseFlags
	privacy  warehouse.Privacy
	quiet    bool
	logger   logger
	from, to time.Time // of the range that was asked for; zero is an open side

	client  *extract.Client
	pool    *pgxpool.Pool
	bar     *bar     // nil for none
	monitor *monitor // nil for nobody
	close   func()
}

// privacySource is flags that say how personal data is treated.
type privacySource interface {
	privacy() (warehouse.Privacy, error)
}

// openJob checks the configuration, connects, and refuses a schema that is not
// this program's. Whoever watches is told of that.
func openJob(s *shell, kind string, api *apiFlags, database *databaseFlags, watch *watchFlags, privacy privacySource, asked span, quiet bool) (*job, error) {
	j := &job{shell: s, api: api, database: database, quiet: quiet, logger: s.logger}
	if quiet {
		j.logger = quietly(s.logger)
	}
	var err error
	if j.monitor, err = openMonitor(s, kind, api.AccountID, watch, j.logger); err != nil {
		return nil, err
	}
	if err := j.open(privacy, asked); err != nil {
		j.monitor.refused(s.ctx, err)
		j.monitor.close(s.ctx)
		return nil, err
	}
	closePool := j.close
	j.close = func() {
		j.monitor.close(s.ctx)
		closePool()
	}
	if j.monitor.server != nil {
		j.monitor.server.Serve(booksOf(ledger.New(warehouse.New(j.pool, j.logger)), api.AccountID), j.logger)
		j.logger.InfoContext(s.ctx, "metrics served", "addr", j.monitor.server.Addr())
	}
	return j, nil
}

// runConnections is how many connections a run opens at most.
func runConnections(concurrency int) int { return load.Connections(concurrency) + 1 } // one holds the schema

func (j *job) open(privacy privacySource, asked span) error {
	token, err := j.api.token()
	if err != nil {
		return err
	}
	// A wrong configuration is told before the database is tried.
	if _, err := j.api.client(token, nil, j.logger); err != nil {
		return err
	}
	if j.privacy, err = privacy.privacy(); err != nil {
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
	if j.from, j.to, err = asked.settle(ctx, j.pool); err != nil {
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

// run makes one run and prints what it did. The schema stays as it is until the
// run has ended, and is looked at before each: --every outlives an upgrade.
func (j *job) run(ctx context.Context, plan pipeline.Plan) (pipeline.Result, error) {
	release, err := postgres.HoldSchema(ctx, j.pool)
	if err != nil {
		return pipeline.Result{}, err
	}
	defer release()
	config := j.api.pipelineConfig()
	config.Progress = j.bar.shown()
	db := newWarehouse(j.pool, j.logger)
	if err := db.Protect(ctx, j.privacy); err != nil {
		return pipeline.Result{}, err
	}
	if err := j.api.liveIn(ctx, ledger.New(db)); err != nil {
		return pipeline.Result{}, err
	}
	if j.monitor != nil {
		config.Observe = j.monitor.session
		db.Observe(j.monitor.metrics.Rows)
	}
	runCtx, ended := j.monitor.began(ctx)
	p := pipeline.New(config, j.client, stores.New(db), j.logger)
	result, err := p.Run(runCtx, plan)
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

// printResult tells a person what a run did, in two or three lines.
func printResult(w *screen, r pipeline.Result) {
	t := r.Totals
	w.put("", "%s %d %s in %s: %s listed, %d read (%d complete, %d live, %d incomplete), %d failed; %s",
		r.Run.Kind, r.Run.ID, r.Status, r.Took.Round(10*time.Millisecond),
		plural(r.Summary.SessionsListed, "session"), t.SessionsRead(), t.Complete, t.Live, t.Incomplete, t.Failed, plural(r.Summary.Requests, "request"))
	w.put("", "rows: %d new, %d changed, %d unchanged; %d with mended values, %s set aside",
		t.Inserted, t.Updated, t.Unchanged, t.Repaired, plural(t.Rejected, "record"))
	printOptional(w, r.Optional)
	printTooOld(w, r.TooOld, r.Horizon)
	if r.Clocks != "" {
		w.put("", "clocks: %s", r.Clocks)
	}
	printLost(w, r.Lost)
	if r.Waiting > 0 {
		printWaiting(w, r.Waiting)
	}
	if t.Incomplete+t.Failed+r.Waiting > 0 {
		w.put("", "reasons: rollcall status, or SELECT session_id, last_error FROM sync.session_states WHERE last_error IS NOT NULL")
	}
	if t.Rejected > 0 {
		w.put("", "records: rollcall rejects list, or SELECT entity, record_key, reason FROM sync.rejected_records WHERE resolved_at IS NULL")
	}
}

// printWaiting tells of sessions that are left alone for now.
func printWaiting(w *screen, sessions int) {
	w.put("", "%s that failed or did not add up before %s for another try",
		plural(sessions, "session"), oneOrMany(sessions, "waits", "wait"))
}

// printLost tells what a run found missing.
func printLost(w *screen, l model.Lost) {
	if !l.Any() {
		return
	}
	w.put("", "missing though stored before: %s; this run and the next read or compute it again", l)
	if l.Example != "" {
		w.put("", "for example %s", l.Example)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// runCommand is the cron job.
type runCommand struct {
	apiFlags      `embed:"" group:"API"`
	databaseFlags `embed:"" group:"Database"`
	optionalFlags `embed:"" group:"Optional reads"`
	privacyFlags  `embed:"" group:"Privacy"`

	Every time.Duration `env:"ROLLCALL_EVERY" placeholder:"15m" help:"Stay in the foreground and run again this long after each start (${env})."`
	Quiet bool          `short:"q" help:"Print nothing when all went well."`
}

// Run carries the command out.
func (c *runCommand) Run(s *shell) error {
	if c.Every < 0 {
		return fmt.Errorf("%w: --every must not be negative", model.ErrUsage)
	}
	plan := pipeline.Plan{Kind: model.KindRun}
	var err error
	if plan.Optional, err = c.optional(); err != nil {
		return err
	}
	j, err := openJob(s, &c.apiFlags, &c.databaseFlags, &c.privacyFlags, c.Quiet)
	if err != nil {
		return err
	}
	defer j.close()
	if c.Every == 0 {
		_, err := j.run(s.ctx, plan)
		return err
	}
	return j.repeat(s.ctx, plan, c.Every)
}

// job is a client, a warehouse and what joins them.
type job struct {
	shell    *shell
	api      *apiFlags
	database *databaseFlags
	privacy  load.Privacy
	quiet    bool
	logger   logger

	client   *extract.Client
	pool     *pgxpool.Pool
	progress func(pipeline.Progress) // nil for nobody
	close    func()
}

// openJob checks the configuration, connects, and refuses a schema that is not
// this program's.
func openJob(s *shell, api *apiFlags, database *databaseFlags, privacy *privacyFlags, quiet bool) (*job, error) {
	j := &job{shell: s, api: api, database: database, quiet: quiet, logger: s.logger}
	if quiet {
		j.logger = quietly(s.logger)
	}
	token, err := api.token()
	if err != nil {
		return nil, err
	}
	// A wrong configuration is told before the database is tried.
	if _, err := api.client(token, nil, j.logger); err != nil {
		return nil, err
	}
	if j.privacy, err = privacy.privacy(); err != nil {
		return nil, err
	}
	if j.pool, j.close, err = database.open(s.ctx, j.logger, load.Connections(api.Concurrency)); err != nil {
		return nil, err
	}
	if err := postgres.CheckSchema(s.ctx, j.pool); err != nil {
		j.close()
		return nil, err
	}
	j.client, err = api.client(token, load.New(j.pool, j.logger), j.logger)
	return j, err
}

// run makes one run and prints what it did.
func (j *job) run(ctx context.Context, plan pipeline.Plan) (pipeline.Result, error) {
	config := j.api.pipelineConfig()
	config.Progress = j.progress
	store := load.New(j.pool, j.logger)
	if err := store.Protect(ctx, j.privacy); err != nil {
		return pipeline.Result{}, err
	}
	p := pipeline.New(config, j.client, store, j.logger)
	result, err := p.Run(ctx, plan)
	if result.Run.ID != 0 && !(j.quiet && err == nil && result.Status == model.RunSucceeded) {
		printResult(j.shell.stdout, result)
	}
	if err == nil && result.Status == model.RunPartial {
		return result, errPartial
	}
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
func printResult(w io.Writer, r pipeline.Result) {
	t := r.Totals
	fmt.Fprintf(w, "%s %d %s in %s: %d sessions listed, %d read (%d complete, %d live, %d incomplete), %d failed; %d requests\n",
		r.Run.Kind, r.Run.ID, r.Status, r.Took.Round(10*time.Millisecond),
		r.Summary.SessionsListed, t.SessionsRead(), t.Complete, t.Live, t.Incomplete, t.Failed, r.Summary.Requests)
	fmt.Fprintf(w, "rows: %d new, %d changed, %d unchanged; %d with mended values, %d records set aside\n",
		t.Inserted, t.Updated, t.Unchanged, t.Repaired, t.Rejected)
	printOptional(w, r.Optional)
	printTooOld(w, r.TooOld, r.Horizon)
	if r.Waiting > 0 {
		fmt.Fprintf(w, "%d sessions that failed or did not add up before wait for another try\n", r.Waiting)
	}
	if t.Incomplete+t.Failed+r.Waiting > 0 {
		fmt.Fprintln(w, "reasons: rollcall status, or SELECT session_id, last_error FROM sync.session_states WHERE last_error IS NOT NULL")
	}
	if t.Rejected > 0 {
		fmt.Fprintln(w, "records: rollcall rejects list, or SELECT entity, record_key, reason FROM sync.rejected_records WHERE resolved_at IS NULL")
	}
}

package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
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
	plan, since, wrong := c.plan()
	bar := newBar(s, "run", c.Quiet || c.DryRun || c.Every > 0)
	defer bar.close()
	s.logger = bar.above(s.logger)
	c.stays = c.Every > 0
	watch := &c.watchFlags
	if c.DryRun {
		watch = nil
	}
	j, err := openJob(s, jobOf{
		kind: model.KindRun, api: &c.apiFlags, database: &c.databaseFlags, watch: watch, privacy: &c.privacyFlags, asked: since, quiet: c.Quiet, wrong: wrong,
	})
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

// plan reads what is to be read, and from when on in an app that is new.
func (c *runCommand) plan() (plan pipeline.Plan, since span, err error) {
	plan, since = pipeline.Plan{Kind: model.KindRun}, span{flag: "ROLLCALL_SINCE"}
	if plan.Optional, err = c.optional(); err != nil {
		return plan, since, err
	}
	if since.from, err = when.Parse(string(c.Since)); err != nil {
		err = fmt.Errorf("%w: ROLLCALL_SINCE: %w", model.ErrUsage, err)
	}
	return plan, since, err
}

// forMany implements choosy.
func (c *runCommand) forMany() error {
	if c.Every != 0 {
		return fmt.Errorf("%w: ROLLCALL_EVERY repeats the run of one account: schedule rollcall run, start rollcall work, or choose one with --account", model.ErrUsage)
	}
	return nil
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

package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// backfillCommand copies history.
type backfillCommand struct {
	apiFlags      `embed:"" group:"API"`
	databaseFlags `embed:"" group:"Database"`
	metricsFlags  `embed:"" group:"Monitoring"`
	privacyFlags  `embed:"" group:"Privacy"`

	rangeFlags
	Session         list `placeholder:"ID,…" help:"Copy only these sessions, whatever their time, as the API gives them now, even if a stored record is newer by its updated_at."`
	Full            bool `help:"Read again what is complete and unchanged."`
	IgnoreRetention bool `help:"Read also sessions that ended before the retention horizon. The next rollcall retention deletes them again."`
	DryRun          bool `help:"Say which sessions would be read, how many requests that takes and how long; write nothing."`
	Enqueue         bool `help:"Let rollcall work do it, by however many workers there are, once nobody waits for another session. This command returns at once."`
	Forget          bool `help:"Give up a backfill of this range that was stopped: the same command then begins anew. Reads nothing. rollcall status shows what there is to give up."`
	Quiet           bool `short:"q" help:"Print nothing when all went well."`
}

// Help gives the longer text of --help.
func (*backfillCommand) Help() string {
	return `Needs --from, --last or --session. The same command goes on where a stopped backfill of that range stopped; rollcall status shows it. With --enqueue it is left to the workers.`
}

// Run carries the command out.
func (c *backfillCommand) Run(s *shell) error {
	plan, span, err := c.plan()
	if err != nil {
		return err
	}
	if c.Forget {
		return c.forget(s, span)
	}
	if c.Enqueue && c.isPrivate() {
		return errOwnDatabase
	}
	bar := newBar(s, "backfill", c.Quiet || c.DryRun || c.Enqueue)
	defer bar.close()
	s.logger = bar.above(s.logger)
	watch := &watchFlags{metricsFlags: c.metricsFlags}
	if c.DryRun || c.Enqueue {
		watch = nil
	}
	j, err := openJob(s, jobOf{
		kind: model.KindBackfill, api: &c.apiFlags, database: &c.databaseFlags, watch: watch, privacy: &c.privacyFlags, asked: span, quiet: c.Quiet,
	})
	if err != nil {
		return err
	}
	defer j.close()
	plan.From, plan.To = j.from, j.to
	switch {
	case c.DryRun:
		return j.preview(plan)
	case c.Enqueue:
		return j.enqueue(plan, c.Quiet)
	}
	j.bar = bar
	_, err = j.run(s.ctx, plan)
	return err
}

// plan reads the range or the session ids; it needs the one or the other. Its range is
// by this machine's clock, until the database says what time it is.
func (c *backfillCommand) plan() (plan pipeline.Plan, s span, err error) {
	plan = pipeline.Plan{Kind: model.KindBackfill, OfMany: c.ofSeveral, Full: c.Full, BeyondRetention: c.IgnoreRetention}
	if plan.Sessions, err = sessionIDs(c.Session); err != nil {
		return plan, s, err
	}
	switch {
	case len(c.Session) > 0 && (c.given() || c.DryRun):
		return plan, s, fmt.Errorf("%w: --session cannot be combined with --from, --to, --last or --dry-run", model.ErrUsage)
	case c.Enqueue && (len(c.Session) > 0 || c.DryRun || c.Forget || c.IgnoreRetention):
		return plan, s, fmt.Errorf("%w: --enqueue goes with a range, and not with --dry-run, --forget or --ignore-retention", model.ErrUsage)
	case c.Forget && (len(c.Session) > 0 || c.DryRun):
		return plan, s, fmt.Errorf("%w: --forget goes with a range, and not with --dry-run", model.ErrUsage)
	case len(c.Session) == 0 && c.From == "" && c.Last == "":
		return plan, s, fmt.Errorf("%w: give --from, and --to if the range has an end, or --last, or --session", model.ErrUsage)
	}
	if s, err = c.span(); err == nil {
		plan.From, plan.To, err = s.at(machineNow())
	}
	return plan, s, err
}

// enqueue leaves a backfill to the workers.
func (j *job) enqueue(plan pipeline.Plan, quiet bool) error {
	q, err := queue.New(j.pool, j.logger)
	if err != nil {
		return err
	}
	made, err := q.Backfill(j.shell.ctx, j.api.AccountID, j.api.AppIDs, plan.From, plan.To, plan.Full)
	switch {
	case err != nil || quiet:
	case made == 0:
		newScreen(j.shell).put("", "the backfill is in the queue already, and goes on")
	default:
		newScreen(j.shell).put("", "the backfill is in the queue: rollcall work does it, and rollcall status shows how far it has come")
	}
	return err
}

// sessionIDs reads the values of --session.
func sessionIDs(texts []string) ([]model.UUID, error) {
	var ids []model.UUID
	for _, text := range texts {
		id, err := model.ParseUUID(text)
		if err != nil {
			return nil, fmt.Errorf("%w: --session: %w", model.ErrUsage, err)
		}
		if !slices.Contains(ids, id) { // in another case of letters
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// forget gives up what was stopped of the range.
func (c *backfillCommand) forget(s *shell, asked span) error {
	if err := c.accountFlags.check(); err != nil {
		return err
	}
	pool, done, err := c.openWarehouse(s, quietly(s.logger))
	if err != nil {
		return err
	}
	defer done()
	run := model.Run{AccountID: c.AccountID, Kind: model.KindBackfill, Full: c.Full}
	if run.From, run.To, err = asked.settle(s.ctx, pool); err != nil {
		return err
	}
	q, err := queue.New(pool, s.logger)
	if err != nil {
		return err
	}
	books := ledger.New(warehouse.New(pool, s.logger))
	held, release, err := books.Acquire(s.ctx, c.AccountID, model.KindBackfill) // one that is under way would save another checkpoint
	if err != nil {
		return err
	}
	defer release()
	// The jobs first, for the same reason.
	jobs, err := q.ForgetBackfill(held, c.AccountID, run.From, run.To, c.Full)
	if err != nil {
		return err
	}
	apps, err := books.ForgetBackfill(held, run)
	if err != nil {
		return err
	}
	if apps == 0 && jobs == 0 {
		return errors.New("no backfill of this range waits to go on; rollcall status shows those that do, with the command that gives each up")
	}
	if !c.Quiet {
		newScreen(s).put("", "gave up the backfill in %s; what it copied stays", plural(max(apps, int64(jobs)), "app"))
	}
	return nil
}

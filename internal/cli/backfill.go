package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// backfillCommand copies history.
type backfillCommand struct {
	apiFlags      `embed:"" group:"API"`
	databaseFlags `embed:"" group:"Database"`
	metricsFlags  `embed:"" group:"Monitoring"`
	privacyFlags  `embed:"" group:"Privacy"`

	From            filled `placeholder:"DATE" help:"First day (2026-01-01, UTC) or time (2026-01-01T09:00:00Z) of the sessions' creation. A range that was begun and stopped goes on where it stopped."`
	To              filled `placeholder:"DATE" help:"Last day, itself included, or time, itself not included. Without it: until now."`
	Session         list   `placeholder:"ID,…" help:"Copy these sessions and no others, whatever their time, as the API gives them now: also where a stored record is newer by its updated_at."`
	Full            bool   `help:"Read again what is complete and unchanged."`
	IgnoreRetention bool   `help:"Read also sessions that ended before the retention horizon. The next rollcall retention deletes them again."`
	DryRun          bool   `help:"Say which sessions would be read, how many requests that takes and how long; write nothing."`
	Quiet           bool   `short:"q" help:"Print nothing when all went well."`
}

// Run carries the command out.
func (c *backfillCommand) Run(s *shell) error {
	plan, err := c.plan()
	if err != nil {
		return err
	}
	bar := newBar(s, "backfill", c.Quiet || c.DryRun)
	defer bar.close()
	s.logger = bar.above(s.logger)
	watch := &watchFlags{metricsFlags: c.metricsFlags}
	if c.DryRun {
		watch = &watchFlags{}
	}
	j, err := openJob(s, model.KindBackfill, &c.apiFlags, &c.databaseFlags, watch, &c.privacyFlags, start{string(c.From), plan.From}, c.Quiet)
	if err != nil {
		return err
	}
	defer j.close()
	if c.DryRun {
		return c.preview(j, plan)
	}
	j.bar = bar
	_, err = j.run(s.ctx, plan)
	return err
}

// plan reads the range or the session ids; it needs the one or the other.
func (c *backfillCommand) plan() (pipeline.Plan, error) {
	plan := pipeline.Plan{Kind: model.KindBackfill, Full: c.Full, BeyondRetention: c.IgnoreRetention}
	var err error
	if plan.Sessions, err = sessionIDs(c.Session); err != nil {
		return plan, err
	}
	switch {
	case len(c.Session) > 0 && (c.From != "" || c.To != "" || c.DryRun):
		return plan, fmt.Errorf("%w: --session cannot be combined with --from, --to or --dry-run", model.ErrUsage)
	case len(c.Session) == 0 && c.From == "":
		return plan, fmt.Errorf("%w: give --from, and --to if the range has an end, or --session", model.ErrUsage)
	}
	plan.From, plan.To, err = timeRange(string(c.From), string(c.To))
	return plan, err
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

// timeRange reads --from and --to; an empty text leaves that side open.
func timeRange(fromText, toText string) (from, to time.Time, err error) {
	if from, err = bound("--from", fromText, 0); err != nil {
		return from, to, err
	}
	if to, err = bound("--to", toText, 24*time.Hour); err != nil {
		return from, to, err
	}
	if !to.IsZero() && !from.Before(to) {
		return from, to, fmt.Errorf("%w: the range is empty: --from must lie before --to", model.ErrUsage)
	}
	if from.Year() > lastYear {
		return from, to, inFuture(fromText)
	}
	return from, to, nil
}

// lastYear is the last one that is written with four digits. Whether a range begins in
// the future the database's clock says; this one is so by any.
const lastYear = 9999

// start is where a range begins, as it was given and read; zero for the open one.
type start struct {
	text string
	at   time.Time
}

// check refuses a start that lies in the future by the database server's clock.
func (f start) check(ctx context.Context, pool *pgxpool.Pool) error {
	if f.at.IsZero() {
		return nil
	}
	now, err := warehouse.New(pool, discardLogger).ServerTime(ctx)
	if err == nil && f.at.After(now) {
		err = inFuture(f.text)
	}
	return err
}

func inFuture(from string) error {
	return fmt.Errorf("%w: --from %s lies in the future", model.ErrUsage, from)
}

// preview says what the backfill would do.
func (c *backfillCommand) preview(j *job, plan pipeline.Plan) error {
	p := pipeline.New(j.api.pipelineConfig(), j.client, stores.New(newWarehouse(j.pool, j.logger)), j.logger)
	preview, err := p.Preview(j.shell.ctx, plan, j.api.PerPage)
	if err != nil && len(preview.Sessions) == 0 {
		return err
	}
	for i := range preview.Sessions {
		s := &preview.Sessions[i]
		fmt.Fprintf(j.shell.stdout, "%s  %s  %-5s  %s\n", s.ID, s.CreatedAt.Format(time.RFC3339), oneLine(s.Status), oneLine(s.MeetingTitle))
	}
	requests := preview.Listed + preview.Reading
	pace := j.client.Pace() // by now the answers have told of the quota
	seconds := float64(requests) / pace
	fmt.Fprintf(j.shell.stdout, "%d sessions to read: about %d requests, %s at %.4g requests a second; nothing was written\n",
		len(preview.Sessions), requests, time.Duration(seconds*float64(time.Second)).Round(time.Second), pace)
	printTooOld(newScreen(j.shell), preview.TooOld, preview.Horizon)
	return err // of an app that could not be listed
}

// bound reads a day or a time in UTC; day is added to a day, so that the last
// day of a range is in it.
func bound(flag, text string, day time.Duration) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.Add(day), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %s: %q is neither a day such as 2026-01-31 nor a time such as 2026-01-31T09:00:00Z",
			model.ErrUsage, flag, text)
	}
	return t.UTC(), nil
}

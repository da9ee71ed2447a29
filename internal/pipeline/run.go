package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Config bounds the work of a pipeline.
type Config struct {
	AccountID   string
	AppIDs      []string         // apps to read; empty means all that the API lists
	Lookback    time.Duration    // how far before the watermark discovery begins
	Settle      time.Duration    // how long after its end a session is read again
	Concurrency int              // sessions in flight, at least 1
	UsageEvery  int              // sessions that changed, after which the usage by day is brought up to date; 0 means 500
	Version     string           // of the program, for the ledger
	Now         func() time.Time // this machine's clock; nil means time.Now
	// Progress is told, one call at a time, how far a run has come; nil
	// for nobody.
	Progress func(Progress)
	// Observe is told before a session is read, by several goroutines at once;
	// nil for nobody. The context that it gives is that of the reading; what it
	// gives besides is called with the outcome, one of the model.Outcome constants
	// or empty where the session was left, and with the reason.
	Observe func(ctx context.Context, appID string, id model.UUID) (context.Context, func(outcome string, reason error))
}

// Pipeline copies sessions from a source to a warehouse.
type Pipeline struct {
	cfg    Config
	source source
	stores Stores
	logger *slog.Logger
	now    func() time.Time
}

// New gives a pipeline. It does nothing until Run.
func New(cfg Config, source source, stores Stores, logger *slog.Logger) *Pipeline {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.UsageEvery == 0 {
		cfg.UsageEvery = usageEvery
	}
	if cfg.Observe == nil {
		cfg.Observe = func(ctx context.Context, _ string, _ model.UUID) (context.Context, func(string, error)) {
			return ctx, func(string, error) {}
		}
	}
	return &Pipeline{cfg: cfg, source: source, stores: stores, logger: logger, now: cfg.Now}
}

// Plan says what a run covers. The zero value of everything but Kind is the cron
// job's: all apps, from the watermark on.
type Plan struct {
	Kind     string       // model.KindRun or model.KindBackfill
	From, To time.Time    // backfill: sessions created in [From, To); zero means open
	Sessions []model.UUID // backfill: these sessions and no others
	OfMany   bool         // the command asks several accounts for Sessions, each for its own
	Full     bool         // backfill: read again what is complete and unchanged
	Optional Optional     // run: what to read beside the sessions
	// Since is where a run begins in an app that was never read: it leaves out what was
	// created before. Zero means the whole history.
	Since time.Time
	// BeyondRetention reads also sessions that ended before the retention
	// horizon, which were deleted or would be.
	BeyondRetention bool
}

// Result tells what a run did.
type Result struct {
	Run     model.Run
	Status  string // as in the ledger
	Summary model.RunSummary
	Totals  model.RunTotals
	Took    time.Duration
	// Waiting counts sessions that failed or did not add up before and were left
	// alone for now.
	Waiting int
	// TooOld counts sessions that ended before Horizon and were left out.
	TooOld  int
	Horizon time.Time // of the account's retention, zero for none
	// Clocks says which clock is wrong, empty where they agree. It makes the run
	// partial.
	Clocks string
	// Lost counts what rows were found to be missing of that had been stored. It is
	// queued, and what this run reads is read anew.
	Lost model.Lost
	// Optional is not in Totals, which are those of the sessions.
	Optional OptionalResult
}

// Run carries out a plan under the lock of its kind and enters it into the
// ledger. It returns a result whenever the ledger has one. The error says why
// the run did not come to its end; a run that did but had to leave something out
// has status model.RunPartial and no error.
func (p *Pipeline) Run(ctx context.Context, plan Plan) (Result, error) {
	held, release, err := p.stores.Ledger.Acquire(ctx, p.cfg.AccountID, plan.Kind)
	if err != nil {
		return Result{}, err
	}
	defer release()
	clocks := newClocks(p.now, p.stores.Clock.ClockSkew(), p.source.ClockSkew)
	run := model.Run{
		AccountID: p.cfg.AccountID, Kind: plan.Kind, StartedAt: clocks.now(),
		From: plan.From, To: plan.To, Full: plan.Full, Version: p.cfg.Version,
	}
	if run.ID, err = p.stores.Ledger.StartRun(held, run); err != nil {
		return Result{}, err
	}
	ctx, held = model.WithRun(ctx, run.ID), model.WithRun(held, run.ID)
	w := &work{
		Pipeline: p, clocks: clocks, run: run, plan: plan,
		logger:  p.logger.With(slog.Int64("run_id", run.ID)),
		handled: make(map[model.UUID]string), sessionRefusals: &refusals{things: "sessions"},
	}
	w.sentBefore, w.waitedBefore = p.source.Requests() // one client may serve many runs
	if plan.Kind == model.KindBackfill || p.cfg.Progress != nil {
		w.progress = &progress{kind: plan.Kind, tell: p.cfg.Progress, logger: w.logger, now: w.now, began: run.StartedAt}
	}
	w.logger.InfoContext(ctx, "run started", "kind", plan.Kind, "account_id", run.AccountID)
	err = whyEnded(held, w.sync(held))
	return w.finish(ctx, w.refresh(held, err))
}

// whyEnded gives the reason of an early end: where the work was cancelled, by a
// signal or by the loss of the lock, that is it, and not what broke off with it.
func whyEnded(held context.Context, err error) error {
	if cause := context.Cause(held); cause != nil && err != nil {
		return cause
	}
	return err
}

// finish closes the ledger. Were the process killed before, the next run would
// find the row and close it as abandoned.
func (w *work) finish(ctx context.Context, failure error) (Result, error) {
	summary := model.RunSummary{SessionsListed: w.listed}
	sent, waited := w.source.Requests()
	summary.Requests, summary.BudgetWait = sent-w.sentBefore, waited-w.waitedBefore
	summary.OtherRows = w.extras.Inserted + w.extras.Updated + w.extras.Removed
	wrong := w.clocks.problem()
	if wrong != "" {
		w.leaveOut()
		w.logger.WarnContext(ctx, "clocks differ", "problem", wrong)
	}
	summary.Status, summary.Error = w.status(failure), errorText(failure)
	if failure == nil {
		summary.Error = wrong
	}
	totals, err := w.stores.Ledger.FinishRun(ctx, w.run, summary)
	if errors.Is(failure, model.ErrStore) && err != nil {
		return Result{}, failure // the same again says nothing new
	}
	if err != nil {
		return Result{}, errors.Join(failure, err) // what was committed is summed up by the next run
	}
	result := Result{
		Run: w.run, Status: summary.Status, Summary: summary, Totals: totals, Took: w.now().Sub(w.run.StartedAt), Waiting: w.waiting,
		TooOld: w.tooOld, Horizon: w.horizon, Clocks: wrong, Lost: w.vanished, Optional: w.extras,
	}
	w.logger.InfoContext(ctx, "run finished",
		"status", result.Status, "seconds", result.Took.Seconds(),
		"requests", summary.Requests, "budget_wait_seconds", summary.BudgetWait.Seconds(),
		"sessions_listed", summary.SessionsListed, "sessions_read", totals.SessionsRead(),
		"sessions_incomplete", totals.Incomplete, "sessions_failed", totals.Failed, "sessions_waiting", w.waiting,
		"rows_inserted", totals.Inserted, "rows_updated", totals.Updated, "rows_unchanged", totals.Unchanged,
		"rows_repaired", totals.Repaired, "rows_repeated", totals.Repeated, "records_rejected", totals.Rejected)
	return result, failure
}

// status names the run's end for the ledger. A run that was stopped, or must
// not ask any more for a while, is resumable and not failed.
func (w *work) status(failure error) string {
	switch {
	case failure == nil && !w.leftOut:
		return model.RunSucceeded
	case failure == nil, Resumable(failure):
		return model.RunPartial
	}
	return model.RunFailed
}

// Resumable reports whether a run ended early though nothing is wrong: it was
// told to stop, the request budget is spent, or another run holds the lock. If
// the database or an app failed as well, that is wrong.
func Resumable(err error) bool {
	if errors.Is(err, model.ErrStore) || errors.As(err, new(appError)) {
		return false
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, model.ErrBudgetSpent) || errors.Is(err, model.ErrLocked)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprint(err)
}

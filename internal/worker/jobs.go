package worker

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/queue"
)

// base is what the workers of all kinds of job have in common: a job has no time limit, and
// one that failed is tried again after a pause.
type base[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	*tour
}

// Timeout implements river.Worker.
func (base[T]) Timeout(*river.Job[T]) time.Duration { return -1 }

// NextRetry implements river.Worker. The pause begins with a second and doubles, up to five
// minutes.
func (b base[T]) NextRetry(job *river.Job[T]) time.Time {
	const longest = 5 * time.Minute
	return b.now().Add(min(longest, time.Second<<min(len(job.Errors), 9)))
}

// sessionWorker reads a session that somebody asked for.
type sessionWorker struct {
	base[queue.SyncSession]
}

// Work implements river.Worker.
func (w *sessionWorker) Work(ctx context.Context, job *river.Job[queue.SyncSession]) error {
	id, err := model.ParseUUID(job.Args.SessionID)
	if err != nil {
		return river.JobCancel(err)
	}
	if _, taken := w.busy.LoadOrStore(id, true); taken {
		return river.JobSnooze(takenPause)
	}
	defer w.busy.Delete(id)
	claim, err := w.queue.Claim(ctx, job.ID, id, w.id)
	if err != nil {
		return notOurs(err)
	}
	s, done := w.take(job.Args.AccountID)
	defer done()
	look, err := s.Session(ctx, claim.AppID, id)
	if err != nil {
		return errors.Join(w.verdict(ctx, job.Args.AccountID, err), w.giveBack(ctx, id))
	}
	// What was read is stored; that it need not be read again must not be lost.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := w.queue.Finish(last, job, id, claim, w.next(claim, look)); err != nil {
		return errors.Join(notOurs(err), w.giveBack(ctx, id))
	}
	return nil
}

// giveBack lets others have a session that this worker did not end. Whatever time the
// job took, there is time for that.
func (w *sessionWorker) giveBack(ctx context.Context, id model.UUID) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return w.queue.Release(last, id, w.id)
}

// notOurs gives what becomes of a job whose session another job or worker has.
func notOurs(err error) error {
	switch {
	case errors.Is(err, queue.ErrUnwanted):
		return nil
	case errors.Is(err, queue.ErrTaken):
		return river.JobSnooze(takenPause)
	}
	return err
}

// appWorker lists the sessions of an app, and asks for those that must be read.
type appWorker struct {
	base[queue.ListApp]
}

// Work implements river.Worker.
func (w *appWorker) Work(ctx context.Context, job *river.Job[queue.ListApp]) error {
	s, done := w.take(job.Args.AccountID)
	defer done()
	listed, err := s.App(ctx, job.Args.AppID, func(ctx context.Context, due []model.DueSession) error {
		return w.queue.AskFor(ctx, job.Args.AccountID, job.Args.AppID, due)
	})
	s.listed.Add(int64(listed))
	if err != nil && endsJob(ctx, err) {
		return w.verdict(ctx, job.Args.AccountID, err)
	}
	next := listEvery
	if err != nil { // the app's own affair, which its row in the ledger tells
		w.cfg.Logger.WarnContext(ctx, "the sessions of an app could not be listed", "app_id", job.Args.AppID, "error", err)
	} else {
		announced, err := w.queue.Announced(ctx, job.Args.AppID)
		if err != nil {
			return err
		}
		next = listPause(announced)
	}
	var beside []river.JobArgs
	if err == nil && w.cfg.Optional != (pipeline.Optional{}) {
		beside = append(beside, queue.OptionalReads{AccountID: job.Args.AccountID, AppID: job.Args.AppID})
	}
	return queue.Again(context.WithoutCancel(ctx), w.queue, job, next, beside...)
}

// appsWorker lists the apps of an account, and makes a job of each.
type appsWorker struct {
	base[queue.ListApps]
}

// Work implements river.Worker.
func (w *appsWorker) Work(ctx context.Context, job *river.Job[queue.ListApps]) error {
	s, done := w.take(job.Args.AccountID)
	defer done()
	list, err := s.Apps(ctx)
	if err != nil {
		return w.verdict(ctx, job.Args.AccountID, err)
	}
	next := appsPause(len(list.IDs))
	if list.Whole { // or what an app lost that is only not shown would never come back
		if err := w.queue.Leave(ctx, job.Args.AccountID, list.IDs, next); err != nil {
			return err
		}
	}
	apps := make([]river.JobArgs, len(list.IDs))
	for i, id := range list.IDs {
		apps[i] = queue.ListApp{AccountID: job.Args.AccountID, AppID: id}
	}
	return queue.Again(context.WithoutCancel(ctx), w.queue, job, next, apps...)
}

// Pauses of jobs that cannot go on for a while. A snooze is no attempt.
const (
	takenPause   = time.Second
	budgetPause  = time.Minute // at most: somebody may end a long wait by hand
	deniedPause  = 5 * time.Minute
	backlogPause = 30 * time.Second
)

// endsJob reports whether an error concerns more than the one thing that a job is about.
func endsJob(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, model.ErrBudgetSpent) || errors.Is(err, model.ErrDenied) || errors.Is(err, model.ErrStore)
}

// verdict tells River what becomes of a job of an account whose work broke off.
func (t *tour) verdict(ctx context.Context, accountID string, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // which gives the attempt back
	case errors.Is(err, model.ErrBudgetSpent):
		return river.JobSnooze(budgetWait(err))
	case pipeline.IsRefusedInARow(err): // which may be those sessions' affair: others go on
		t.cfg.Logger.WarnContext(ctx, "the API refuses; the job waits", "wait_seconds", deniedPause.Seconds(), "error", err)
		return river.JobSnooze(deniedPause)
	case errors.Is(err, model.ErrDenied):
		t.refuse(accountID, err)
		return river.JobSnooze(takenPause) // for a worker whose token is good
	}
	return err
}

// budgetWait gives how long a job waits for a budget that is spent: until it opens, and a
// little longer, so that not all come at once. What it allows after that is lost if all sleep.
func budgetWait(err error) time.Duration {
	wait := budgetPause
	if spent, ok := errors.AsType[*model.BudgetError](err); ok {
		wait = min(wait, spent.Wait)
	}
	return wait + rand.N(wait/10+time.Second) //nolint:gosec // G404: spreads jobs, nothing secret
}

// failures tells the log of jobs that failed, of which River says nothing above Info.
type failures struct{ logger *slog.Logger }

// HandleError implements river.ErrorHandler.
func (f *failures) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	if ctx.Err() == nil && !errors.Is(err, context.Canceled) { // broken off is no failure
		f.logger.WarnContext(ctx, "a job failed, and is tried again", "job", job.Kind, "job_id", job.ID, "args", string(job.EncodedArgs),
			"failures", job.Attempt, "error", err)
	}
	return nil
}

// HandlePanic implements river.ErrorHandler. River tells the log itself.
func (*failures) HandlePanic(context.Context, *rivertype.JobRow, any, string) *river.ErrorHandlerResult {
	return nil
}

// masked lets River keep why a job failed without the ids of erased people, also of those
// who were erased while it ran.
func (t *tour) masked(ctx context.Context, _ *rivertype.JobRow, work func(context.Context) error) error {
	err := work(ctx)
	if err == nil || errors.As(err, new(*river.JobSnoozeError)) || ctx.Err() != nil {
		return err
	}
	if text := t.db.Message(ctx, err.Error()); text != err.Error() {
		return &maskedError{text, err}
	}
	return err
}

// maskedError says of an error what may be kept.
type maskedError struct {
	text  string
	cause error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.cause }

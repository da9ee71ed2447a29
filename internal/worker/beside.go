package worker

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/queue"
)

// optionalWorker reads what an app has beside its sessions. Each list of the app asks for
// it, and one job of an app is there at most.
type optionalWorker struct {
	base[queue.OptionalReads]
}

// Work implements river.Worker.
func (w *optionalWorker) Work(ctx context.Context, job *river.Job[queue.OptionalReads]) error {
	if time.Since(job.CreatedAt) < sessionsFirst {
		if waits, err := w.queue.Waits(ctx, job.Args.AppID); err != nil {
			return err
		} else if waits {
			return river.JobSnooze(soonPause)
		}
	}
	announced, err := w.queue.Announced(ctx, job.Args.AppID)
	if err != nil {
		return err
	}
	s, done := w.take(job.Args.AccountID)
	defer done()
	read, err := s.Optional(ctx, job.Args.AppID, w.cfg.Optional, unheard(announced, w.now()))
	if err != nil {
		return w.verdict(ctx, job.Args.AccountID, err)
	}
	last := context.WithoutCancel(ctx)
	if next := optionalPause(read); next > 0 {
		return queue.Again(last, w.queue, job, next)
	}
	return queue.Then(last, w.queue, job)
}

// chunkWorker lists a backfill chunk by chunk. The sessions are read as others are, by all
// workers, once nobody waits for another.
type chunkWorker struct {
	base[queue.BackfillChunk]
}

// Work implements river.Worker.
func (w *chunkWorker) Work(ctx context.Context, job *river.Job[queue.BackfillChunk]) error {
	if job.Args.AppID == "" {
		return w.split(ctx, job)
	}
	if isFull, err := w.queue.Backlog(ctx, job.Args.AccountID); err != nil {
		return err
	} else if isFull {
		return river.JobSnooze(backlogPause)
	}
	s, done := w.take(job.Args.AccountID)
	defer done()
	a := job.Args
	chunk := pipeline.Chunk{From: a.From, To: a.To, Full: a.Full, At: a.At, Size: a.Size, Unsound: a.Unsound}
	chunk, isOver, err := s.Chunk(ctx, a.AppID, chunk, func(ctx context.Context, due []model.DueSession) error {
		return w.queue.AskForOld(ctx, a.AccountID, a.AppID, due)
	})
	if err != nil {
		return w.verdict(ctx, job.Args.AccountID, err)
	}
	run, last := s.run, context.WithoutCancel(ctx)
	run.From, run.To, run.Full = a.From, a.To, a.Full
	return w.goOn(last, job, chunk, isOver, func(tx pgx.Tx) error {
		if chunk.Checkpoint.IsZero() {
			return nil
		}
		return w.ledger.SaveCheckpointIn(last, tx, run, a.AppID, chunk.Checkpoint)
	})
}

// goOn makes the job of the next chunk. What does not add up in the end is listed again
// from the checkpoint, after a while.
func (w *chunkWorker) goOn(ctx context.Context, job *river.Job[queue.BackfillChunk], c pipeline.Chunk, isOver bool, save func(tx pgx.Tx) error) error {
	a, pause := job.Args, time.Duration(0)
	a.At, a.Size, a.Unsound = c.At, c.Size, c.Unsound
	switch {
	case isOver && !c.Unsound:
		return queue.EndBackfill(ctx, w.queue, job)
	case isOver:
		pause = doubled(wrongPause, a.Rounds, wrongMost)
		a.At, a.Size, a.Unsound, a.Rounds = time.Time{}, 0, false, a.Rounds+1
	}
	return queue.NextChunk(ctx, w.queue, job, a, pause, save)
}

// split makes a job of each app of the account, once it is sure which those are: nobody
// would look for an app that is left out.
func (w *chunkWorker) split(ctx context.Context, job *river.Job[queue.BackfillChunk]) error {
	s, done := w.take(job.Args.AccountID)
	defer done()
	list, err := s.Apps(ctx)
	if err != nil {
		return w.verdict(ctx, job.Args.AccountID, err)
	}
	if list.Doubt != "" {
		return fmt.Errorf("the list of apps does not add up: %s", list.Doubt)
	}
	jobs := make([]river.JobArgs, len(list.IDs))
	for i, id := range list.IDs {
		args := job.Args
		args.AppID = id
		jobs[i] = args
	}
	return queue.Then(ctx, w.queue, job, jobs...)
}

// usageWorker brings the usage by day up to date: of what was stored, whoever stored it.
type usageWorker struct {
	base[queue.RefreshUsage]
}

// Work implements river.Worker.
func (w *usageWorker) Work(ctx context.Context, job *river.Job[queue.RefreshUsage]) error {
	if _, err := w.db.RefreshAnalytics(ctx); err != nil {
		return cmp.Or(ctx.Err(), err) // what was broken off is no failed attempt
	}
	return queue.EndUsage(context.WithoutCancel(ctx), w.queue, job)
}

package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// tour is a worker between two losses of its lock.
type tour struct {
	*Worker
	id string

	mu    sync.Mutex
	shift *shift

	busy  sync.Map    // sessions in hand: model.UUID
	dirty atomic.Bool // sessions were stored since usage by day was refreshed
}

// shift is an entry of the ledger with the jobs that write to it.
type shift struct {
	*pipeline.Shift
	began  time.Time
	jobs   sync.WaitGroup
	listed atomic.Int64
	did    atomic.Bool // anything
}

// Times of what a tour does beside its jobs.
const (
	rescueEvery  = 2 * time.Second
	refreshEvery = 10 * time.Second
	sweepEvery   = time.Minute
	shiftTime    = time.Hour
)

// watch looks after the queue until ctx ends, or held does with the lock.
func (t *tour) watch(ctx, held context.Context) error {
	rescue, refresh, sweep := time.NewTicker(rescueEvery), time.NewTicker(refreshEvery), time.NewTicker(sweepEvery)
	defer rescue.Stop()
	defer refresh.Stop()
	defer sweep.Stop()
	t.dirty.Store(true) // what a worker before left
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-held.Done():
			return context.Cause(held)
		case <-rescue.C:
			n, err := t.queue.Rescue(held)
			t.note(held, n, "took up the jobs of a worker that is gone", err)
			if waits, err := postgres.MigrationWaits(held, t.db.Pool); err == nil && waits {
				return fmt.Errorf("%w: a migration waits, and the worker makes room for it", model.ErrLocked)
			}
		case <-refresh.C:
			t.refresh(held)
		case <-sweep.C:
			n, err := t.queue.Sweep(held)
			t.note(held, int64(n), "made lost jobs anew", err)
			t.note(held, 0, "", t.queue.Prune(held))
			t.note(held, 0, "", t.turnShift(held))
		}
	}
}

// note tells the log of what was done beside the jobs. What failed is tried again.
func (t *tour) note(ctx context.Context, n int64, what string, err error) {
	switch {
	case err != nil && ctx.Err() == nil:
		t.logger.WarnContext(ctx, "looking after the queue failed; the next try is soon", "error", err)
	case n > 0:
		t.logger.InfoContext(ctx, "looked after the queue", "did", what, "jobs", n)
	}
}

// refresh brings the usage by day up to date where sessions were stored.
func (t *tour) refresh(ctx context.Context) {
	if !t.dirty.Swap(false) {
		return
	}
	if _, err := t.db.RefreshAnalytics(ctx); err != nil {
		t.dirty.Store(true)
		t.note(ctx, 0, "", err)
	}
}

// take gives the shift that a job writes to until it calls done.
func (t *tour) take() (s *shift, done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shift.jobs.Add(1)
	t.shift.did.Store(true)
	return t.shift, t.shift.jobs.Done
}

// nextShift enters a run into the ledger, to which the jobs from now on write.
func (t *tour) nextShift(ctx context.Context) error {
	run := model.Run{AccountID: t.cfg.AccountID, Kind: model.KindWork, StartedAt: t.now(), Version: t.cfg.Version}
	id, err := t.ledger.StartShift(ctx, run, t.id)
	if err != nil {
		return err
	}
	run.ID = id
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shift = &shift{Shift: t.pipeline.NewShift(run), began: time.Now()}
	return nil
}

// turnShift begins a new shift after an hour in which there was work. The old one's
// entry is closed once its jobs have ended.
func (t *tour) turnShift(ctx context.Context) error {
	old := t.shift
	if time.Since(old.began) < shiftTime || !old.did.Load() {
		return nil
	}
	if err := t.nextShift(ctx); err != nil {
		return err
	}
	go func() {
		old.jobs.Wait()
		t.note(ctx, 0, "", old.Finish(ctx, int(old.listed.Load()), nil))
	}()
	return nil
}

// lastShift closes the ledger's entry when no job is left.
func (t *tour) lastShift(ctx context.Context, failure error) error {
	if errors.Is(failure, model.ErrLocked) { // which is in good order
		failure = nil
	}
	return t.shift.Finish(ctx, int(t.shift.listed.Load()), failure)
}

// now is the present by the server's clock.
func (t *tour) now() time.Time { return time.Now().Add(t.db.ClockSkew()) }

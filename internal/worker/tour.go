package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/queue"
)

// tour is what a worker does from taking its lock until it stops or loses the lock.
type tour struct {
	*Worker
	id    string
	desks map[string]*desk // by account

	client *river.Client[pgx.Tx]

	busy    sync.Map       // sessions in hand: model.UUID
	refused chan *desk     // those whose jobs are to be left to others for a while
	closes  sync.WaitGroup // shifts of the hours before, until their jobs have ended
}

// desk is where the jobs of one account are worked off.
type desk struct {
	Account
	mu      sync.Mutex
	shift   *shift // nil before the first
	refusal error  // why no jobs are taken now; nil where they are

	refusals int       // in a row
	back     time.Time // when jobs were taken again
}

func newTour(w *Worker, id string) *tour {
	t := &tour{Worker: w, id: id, desks: make(map[string]*desk, len(w.cfg.Accounts)), refused: make(chan *desk, len(w.cfg.Accounts))}
	for _, a := range w.cfg.Accounts {
		t.desks[a.ID] = &desk{Account: a}
	}
	return t
}

// shift is an entry of the ledger with the jobs that write to it.
type shift struct {
	*pipeline.Shift
	run    model.Run
	began  time.Time
	jobs   sync.WaitGroup
	listed atomic.Int64
	did    atomic.Bool // whether there was a job
}

// Times of what a tour does beside its jobs.
const (
	ringEvery   = 500 * time.Millisecond
	rescueEvery = 2 * time.Second
	sweepEvery  = time.Minute
	shiftTime   = time.Hour
)

// ring wakes workers for jobs whose time has come, until ctx ends. What fails it does the next
// time. It is silent about a database that is away, since watch tells of that.
func (t *tour) ring(ctx context.Context) {
	queues := []string{queue.UsageQueue}
	for id := range t.desks {
		queues = append(queues, queue.Name(id), queue.OptionalName(id))
	}
	ticker := time.NewTicker(ringEvery)
	defer ticker.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		if err := t.queue.Ring(ctx, queues, now.Sub(last)+ringEvery); err == nil {
			last = now
		}
	}
}

// watch looks after the queue until ctx ends, or held does with the lock.
func (t *tour) watch(ctx, held context.Context) error {
	ringing, stop := context.WithCancel(held)
	go t.ring(ringing)
	var away sync.WaitGroup
	defer away.Wait()
	defer stop()
	rescue, sweep := time.NewTicker(rescueEvery), time.NewTicker(sweepEvery)
	defer rescue.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-held.Done():
			return context.Cause(held)
		case d := <-t.refused:
			away.Go(func() { t.standAside(ringing, d) })
		case <-rescue.C:
			n, err := t.queue.Rescue(held)
			t.mended(held, "took up the jobs of a worker that is gone", n, err)
			if waits, err := postgres.MigrationWaits(held, t.db.Pool); err == nil && waits {
				return fmt.Errorf("%w: a migration waits, and the worker makes room for it", model.ErrLocked)
			}
		case <-sweep.C:
			n, err := t.queue.Sweep(held)
			t.mended(held, "made lost jobs anew", int64(n), err)
			t.failed(held, t.queue.Prune(held))
			_, err = t.queue.AskUsage(held) // of what no session's job asked for, as deletions by hand
			t.failed(held, err)
			for _, d := range t.desks {
				t.failed(held, t.queue.Lists(held, d.ID)) // where that was deleted or given up
				t.failed(held, t.turnShift(held, d))
			}
		}
	}
}

// mended tells the log of jobs that were mended beside those that are worked off, or why not.
func (t *tour) mended(ctx context.Context, what string, jobs int64, err error) {
	t.failed(ctx, err)
	if err == nil && jobs > 0 {
		t.cfg.Logger.InfoContext(ctx, "looked after the queue", "did", what, "jobs", jobs)
	}
}

// failed tells the log of what failed beside the jobs, nil for nothing. It is tried again.
func (t *tour) failed(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		t.cfg.Logger.WarnContext(ctx, "looking after the queue failed; the next try is soon", "error", err)
	}
}

// take gives the shift that a job of an account writes to until it calls done.
func (t *tour) take(accountID string) (s *shift, done func()) {
	d := t.desks[accountID] // queues of others are not asked
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shift.jobs.Add(1)
	d.shift.did.Store(true)
	return d.shift, d.shift.jobs.Done
}

// nextShift enters a run into the ledger, to which the jobs from now on write.
func (t *tour) nextShift(ctx context.Context, d *desk) error {
	run := model.Run{AccountID: d.ID, Kind: model.KindWork, StartedAt: t.now(), Version: t.cfg.Version}
	id, err := t.ledger.StartShift(ctx, run, t.id)
	if err != nil {
		return err
	}
	run.ID = id
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shift = &shift{Shift: d.Pipeline.NewShift(run, t.cfg.Since), run: run, began: time.Now()}
	return nil
}

// current gives the shift that jobs write to now.
func (d *desk) current() *shift {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shift
}

// turnShift begins a new shift after an hour in which there was work. The old one's
// entry is closed once its jobs have ended.
func (t *tour) turnShift(ctx context.Context, d *desk) error {
	old := d.current()
	if time.Since(old.began) < shiftTime || !old.did.Load() {
		return nil
	}
	if err := t.nextShift(ctx, d); err != nil {
		return err
	}
	t.closes.Go(func() {
		old.jobs.Wait()
		t.failed(ctx, old.Finish(ctx, int(old.listed.Load()), nil))
	})
	return nil
}

// lastShifts closes the ledger's entries when no job is left.
func (t *tour) lastShifts(ctx context.Context, failure error) (err error) {
	if errors.Is(failure, model.ErrLocked) { // which is in good order
		failure = nil
	}
	t.closes.Wait()
	for _, d := range t.desks {
		if last := d.current(); last != nil {
			err = errors.Join(err, last.Finish(ctx, int(last.listed.Load()), errors.Join(failure, d.refused())))
		}
	}
	return err
}

// now is the present by the server's clock.
func (t *tour) now() time.Time { return time.Now().Add(t.db.ClockSkew()) }

package worker

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
)

// A worker whose token is refused would put off whatever it gets, and gets most, since to be
// refused takes no time. So it leaves the jobs of that account to workers with another token.

// refuse lets no more jobs of an account be taken for a while.
func (t *tour) refuse(accountID string, reason error) {
	d := t.desks[accountID]
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refusal == nil {
		d.refusal = reason
		if time.Since(d.back) > deniedPause { // one that was refused once is soon back
			d.refusals = 0
		}
		d.refusals++
		t.refused <- d // has room for each
	}
}

// refused tells why no jobs are taken now.
func (d *desk) refused() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refusal
}

// wait is how long no jobs are taken: the longer, the more often in a row that was refused.
func (d *desk) wait(first time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return doubled(first, d.refusals-1, deniedPause)
}

// refusedPause is how long a worker whose token was refused once leaves an account's jobs to
// others; it doubles.
const refusedPause = 10 * time.Second

// standAside leaves an account's jobs to others for a while, and then tries again.
func (t *tour) standAside(ctx context.Context, d *desk) {
	reason, run := d.refused(), d.current().run.ID
	wait := d.wait(t.refusedPause)
	t.cfg.Logger.WarnContext(ctx, "the API refuses; the worker leaves the account's jobs to others for a while",
		"account", d.ID, "wait_seconds", wait.Seconds(), "error", reason)
	t.failed(ctx, t.ledger.NoteRefusal(ctx, run, reason.Error()))
	for name := range t.queuesOf(d.ID) {
		t.leave(ctx, name)
	}
	if !Pause(ctx, wait) {
		return
	}
	t.failed(ctx, t.ledger.NoteRefusal(ctx, run, ""))
	d.mu.Lock()
	d.refusal, d.back = nil, time.Now()
	d.mu.Unlock()
	for name, config := range t.queuesOf(d.ID) {
		t.join(ctx, name, config)
	}
}

// leaveTime is how long a queue's jobs in hand may keep those of others from being left.
const leaveTime = time.Second

// leave takes no more jobs of a queue. It returns when those in hand have ended.
func (t *tour) leave(ctx context.Context, name string) {
	for ctx.Err() == nil {
		soon, cancel := context.WithTimeout(ctx, leaveTime)
		err := t.client.Queues().Remove(soon, name)
		cancel()
		if err == nil || errors.Is(err, &river.QueueNotFoundError{Name: name}) {
			return
		}
	}
}

// join takes jobs of a queue again.
func (t *tour) join(ctx context.Context, name string, config river.QueueConfig) {
	for ctx.Err() == nil {
		err := t.client.Queues().Add(name, config)
		if err == nil {
			return
		}
		t.failed(ctx, err)
		t.leave(ctx, name) // it may be there, and not begun
		Pause(ctx, rescueEvery)
	}
}

// Pause waits; false where ctx ended before.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

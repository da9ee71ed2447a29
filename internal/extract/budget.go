package extract

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Budget paces all requests that share one token. Cloudflare blocks every call
// of a user for five minutes once the quota is exceeded, so the pace is set
// beforehand and not by being refused: a token bucket, tightened by the
// Ratelimit headers of every answer, and a gate that Retry-After closes for
// everybody. Several processes share one where a BudgetStore is given. Safe for
// use by several goroutines.
type Budget struct {
	cfg    BudgetConfig
	state  stateKeeper
	sender string // tells this process apart from others in the shared state

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced whenever an answer arrives
	waited   time.Duration // the time in which at least one sender waited, up to since
	waiting  int           // senders that wait now
	since    time.Time     // when the first of those that wait now began
	requests int64
	pace     float64 // requests a second, as last seen
	failure  error   // of the store, for the next Take to give
	// untold is the end of a Retry-After that could not be told to the store.
	untold time.Time
	// warned is the end of the long wait that the log told of.
	warned time.Time
}

// BudgetConfig bounds what Rollcall may spend of the account's quota.
type BudgetConfig struct {
	PerSecond  float64       // requests a second at most; above 0
	QuotaShare float64       // share of the quota that is left to others, 0 ≤ share < 1
	MaxWait    time.Duration // a longer wait ends the run with model.ErrBudgetSpent
	Logger     *slog.Logger  // told of waits beyond model.LongWait; nil for nobody
	// Store and Key let other processes share the budget; without a store it is
	// this process' own. Key names the token without giving it away.
	Store BudgetStore
	Key   string
}

// NewBudget gives a budget. Without a store it has spent nothing yet.
func NewBudget(cfg BudgetConfig) *Budget {
	b := &Budget{cfg: cfg, sender: rand.Text(), changed: make(chan struct{}), pace: cfg.PerSecond}
	if cfg.Store == nil {
		b.state = &ownState{}
	} else {
		b.state = &sharedState{store: cfg.Store, key: cfg.Key, turn: make(chan struct{}, 1)}
	}
	return b
}

// lookAgain is how often a sender that waits looks whether it still has to: somebody
// may have ended a long wait by hand.
const lookAgain = time.Minute

// Take waits until one request may be sent. Each successful Take must be
// followed by one Done.
func (b *Budget) Take(ctx context.Context) error {
	b.begin()
	sent := false
	defer func() { b.end(sent) }()
	for {
		wait, changed, err := b.admit(ctx)
		b.warn(ctx, wait)
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil && wait > 0:
			return waitError(ctx)
		case wait == 0:
			sent = true
			return nil
		}
		timer := time.NewTimer(min(wait, lookAgain))
		select {
		case <-ctx.Done():
			timer.Stop()
			return waitError(ctx)
		case <-timer.C:
		case <-changed:
			timer.Stop()
		}
	}
}

// begin notes that a sender waits.
func (b *Budget) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting++; b.waiting == 1 {
		b.since = time.Now()
	}
}

// end notes that a sender waits no more.
func (b *Budget) end(sent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if sent {
		b.requests++
	}
	if b.waiting--; b.waiting == 0 {
		b.waited += time.Since(b.since)
	}
}

// warn tells the log of a long wait, once.
func (b *Budget) warn(ctx context.Context, wait time.Duration) {
	if wait <= model.LongWait || b.cfg.Logger == nil {
		return
	}
	until := time.Now().Add(wait)
	b.mu.Lock()
	known := until.Sub(b.warned).Abs() < time.Minute
	b.warned = until
	b.mu.Unlock()
	if !known {
		b.cfg.Logger.WarnContext(ctx, "an answer of the API lets nobody send for a long time; rollcall status tells how to end it",
			"wait_seconds", wait.Round(time.Second).Seconds(), "until", until.UTC().Truncate(time.Second))
	}
}

func waitError(ctx context.Context) error {
	return fmt.Errorf("wait for the request budget: %w", context.Cause(ctx))
}

// admit lets one request through, or says how long to wait unless an answer changes
// the picture before; beside an error, how long it would be. Nobody holds a place in
// the token bucket while waiting: places would fall due together when the gate opens.
func (b *Budget) admit(ctx context.Context) (wait time.Duration, changed <-chan struct{}, err error) {
	b.mu.Lock()
	changed, err = b.changed, b.failure
	b.failure = nil
	untold := b.untold
	b.mu.Unlock()
	if err != nil {
		return 0, nil, err
	}
	var pace float64
	failure := b.state.update(ctx, func(s *budgetState, now time.Time) {
		if left := time.Until(untold); left > 0 {
			s.close(now, left) // by the state's clock
		}
		wait, err = s.admit(&b.cfg, b.sender, now)
		pace = s.pace(&b.cfg)
	})
	if pace > 0 { // else the store failed before it told
		b.mu.Lock()
		b.pace = pace
		b.mu.Unlock()
	}
	return wait, changed, errors.Join(failure, err)
}

// Done takes note of an answer, even when ctx has ended; headers is nil where
// none came. A shared state that could not be told is an error of the next Take.
func (b *Budget) Done(ctx context.Context, headers http.Header) {
	err := b.state.update(ctx, func(s *budgetState, now time.Time) {
		s.done(b.sender, headers, now)
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail(err)
	close(b.changed)
	b.changed = make(chan struct{})
}

// Close stops all requests for the given time, as Retry-After asks, even when
// ctx has ended; for no longer than model.LongestWait, after which one request
// finds out whether the API still asks for it.
func (b *Budget) Close(ctx context.Context, wait time.Duration) {
	until := latest(time.Now(), wait)
	err := b.state.update(ctx, func(s *budgetState, now time.Time) { s.close(now, wait) })
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil && until.After(b.untold) {
		b.untold = until
	}
	b.fail(err)
}

// Refuse stops all requests after an answer that refused one (429) and did not tell for
// how long, even when ctx has ended.
func (b *Budget) Refuse(ctx context.Context, path string) {
	err := b.state.update(ctx, func(s *budgetState, now time.Time) { s.refuse(path, now) })
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail(err)
}

// fail keeps an error for the next Take, with the lock held. The first stays: what
// requests that were under way meet after it is the same again, and an answer that
// could be told does not undo a Retry-After that could not.
func (b *Budget) fail(err error) {
	if b.failure == nil {
		b.failure = err
	}
}

// Spent tells how many requests were sent, and for how long at least one waited.
func (b *Budget) Spent() (requests int64, waited time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	waited = b.waited
	if b.waiting > 0 {
		waited += time.Since(b.since)
	}
	return b.requests, waited
}

// Pace gives the requests a second that the quota and the configuration allow,
// as far as the answers have told.
func (b *Budget) Pace() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pace
}

// spent reports that a wait is longer than allowed.
func (c *BudgetConfig) spent(wait time.Duration) error {
	advice := ""
	if wait > model.LongWait {
		advice = "; rollcall status tells how to end it"
	}
	return &model.BudgetError{Wait: wait, Text: fmt.Sprintf("the next request may be sent in %s, longer than the %s that ROLLCALL_MAX_WAIT allows%s",
		wait.Round(time.Second), c.MaxWait, advice)}
}

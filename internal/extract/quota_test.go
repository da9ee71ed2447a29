package extract

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/sampling"
)

// account is a server's quota in the virtual time of a synctest bubble. As the
// documentation says, exceeding it blocks everything for a while.
type account struct {
	calls   int
	window  time.Duration
	sliding bool // calls are counted over the last window; else in fixed ones
	opened  bool // a fixed window begins with a call; else they follow each other

	mu       sync.Mutex
	opening  time.Time // of the fixed window
	spent    []time.Time
	exceeded int
	ours     int
}

// call spends n calls and gives what the answer would say.
func (a *account) call(n int) http.Header {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.forget(now)
	for range n {
		a.spent = append(a.spent, now)
	}
	if len(a.spent) > a.calls {
		a.exceeded++
	}
	reset := a.opening.Add(a.window)
	if a.sliding {
		reset = a.spent[0].Add(a.window)
	}
	rest := int((reset.Sub(now) + time.Second - 1) / time.Second)
	return http.Header{
		"Ratelimit":        {fmt.Sprintf(`"default";r=%d;t=%d`, max(a.calls-len(a.spent), 0), max(rest, 1))},
		"Ratelimit-Policy": {fmt.Sprintf(`"default";q=%d;w=%d`, a.calls, int(a.window.Seconds()))},
	}
}

func (a *account) forget(now time.Time) {
	switch {
	case a.sliding:
		for len(a.spent) > 0 && now.Sub(a.spent[0]) >= a.window {
			a.spent = a.spent[1:]
		}
	case now.Sub(a.opening) >= a.window && a.opened:
		a.opening, a.spent = now, nil
	case now.Sub(a.opening) >= a.window:
		a.opening, a.spent = a.opening.Add(now.Sub(a.opening).Truncate(a.window)), nil
	}
}

// scene is one way of sharing an account.
type scene struct {
	account
	latency time.Duration // of one request, at most
	lost    int           // of a hundred answers, how many never come
	others  int           // calls that somebody else spends in each window
	before  int           // calls spent before the start
	apart   bool          // the senders are in two processes that share a store
	store   time.Duration // how long the store takes for one exchange, at most
	windows int           // how long the scene plays
}

const leftToOthers = 0.2

// play lets eight senders spend as much as the budget gives them.
func (s *scene) play(t *testing.T, seed uint64) {
	t.Helper()
	ctx := t.Context()
	cfg := BudgetConfig{PerSecond: 1000, QuotaShare: leftToOthers, MaxWait: 24 * time.Hour}
	budgets := []*Budget{NewBudget(cfg)}
	if s.apart {
		cfg.Store, cfg.Key = &farTable{turn: make(chan struct{}, 1), latency: s.store, rng: rand.New(rand.NewPCG(seed, 99))}, "key"
		budgets = []*Budget{NewBudget(cfg), NewBudget(cfg)}
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	s.opening = time.Now().Add(-time.Duration(rng.Int64N(int64(s.window))))
	if s.before > 0 {
		s.call(s.before)
	}
	end := time.Now().Add(time.Duration(s.windows) * s.window)
	var group sync.WaitGroup
	group.Go(func() {
		for left := s.others; left > 0 && time.Now().Before(end); {
			burst := 1 + rng.IntN(left)
			s.call(burst)
			left -= burst
			pause(time.Duration(rng.Int64N(int64(s.window / 4))))
			if left == 0 {
				pause(s.window)
				left = s.others
			}
		}
	})
	for n := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, n+1))
		b := budgets[n%uint64(len(budgets))]
		group.Go(func() {
			for time.Now().Before(end) {
				if err := b.Take(ctx); err != nil {
					t.Errorf("take: %v", err)
					return
				}
				pause(time.Duration(rng.Int64N(int64(s.latency))))
				headers := s.call(1)
				s.mu.Lock()
				s.ours++
				s.mu.Unlock()
				pause(time.Duration(rng.Int64N(int64(s.latency))))
				if rng.IntN(100) < s.lost {
					headers = nil
				}
				b.Done(t.Context(), headers)
			}
		})
	}
	group.Wait()
}

// table is a BudgetStore in memory, with the clock of the bubble.
type table struct {
	mu    sync.Mutex
	state []byte
}

func (k *table) ExchangeBudget(_ context.Context, key string, change func([]byte, time.Time) []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key != "key" {
		return fmt.Errorf("key %q", key)
	}
	k.state = change(k.state, time.Now())
	return nil
}

// farTable is a table that takes its time, one exchange after the other.
type farTable struct {
	table
	turn    chan struct{}
	latency time.Duration
	rng     *rand.Rand
}

func (k *farTable) ExchangeBudget(ctx context.Context, key string, change func([]byte, time.Time) []byte) error {
	k.turn <- struct{}{}
	defer func() { <-k.turn }()
	if k.latency > 0 {
		pause(time.Duration(k.rng.Int64N(int64(k.latency))))
	}
	return k.table.ExchangeBudget(ctx, key, change)
}

// pause passes virtual time.
func pause(d time.Duration) { <-time.After(d) }

// The quota is never exceeded, right after the start included, whoever else
// spends of it and in whatever order the answers come; and what may be used of
// it is used (meltano/sdk#2012, airbytehq/airbyte#14253).
func TestBudgetSharesAnyQuota(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	fast, slow := 300*time.Millisecond, 1500*time.Millisecond
	for name, s := range map[string]*scene{
		"alone, small windows":         {account: account{calls: 40, window: 8 * time.Second}, latency: 50 * time.Millisecond, windows: 40},
		"alone, opened by a call":      {account: account{calls: 40, window: 8 * time.Second, opened: true}, latency: 50 * time.Millisecond, windows: 40},
		"alone, tiny":                  {account: account{calls: 10, window: minute}, latency: fast, windows: 40},
		"alone, documented":            {account: account{calls: 1200, window: 5 * minute}, latency: fast, windows: 4},
		"alone, documented, slow":      {account: account{calls: 1200, window: 5 * minute}, latency: slow, windows: 4},
		"alone, sliding":               {account: account{calls: 1200, window: 5 * minute, sliding: true}, latency: fast, windows: 4},
		"alone, sliding, slow":         {account: account{calls: 1200, window: 5 * minute, sliding: true}, latency: slow, windows: 4},
		"alone, sliding, small":        {account: account{calls: 100, window: minute, sliding: true}, latency: fast, windows: 30},
		"others, small windows":        {account: account{calls: 40, window: 8 * time.Second}, latency: fast, others: 4, windows: 40},
		"others, documented":           {account: account{calls: 1200, window: 5 * minute}, latency: slow, others: 120, windows: 4},
		"others, sliding":              {account: account{calls: 1200, window: 5 * minute, sliding: true}, latency: slow, others: 120, windows: 4},
		"nearly spent at the start":    {account: account{calls: 1200, window: 5 * minute, opened: true}, latency: fast, before: 1199, windows: 4},
		"answers get lost":             {account: account{calls: 1200, window: 5 * minute}, latency: fast, lost: 3, others: 120, windows: 4},
		"two processes":                {account: account{calls: 1200, window: 5 * minute}, latency: fast, windows: 2, apart: true},
		"two processes, small":         {account: account{calls: 40, window: 8 * time.Second}, latency: 50 * time.Millisecond, windows: 10, apart: true},
		"two processes, sliding":       {account: account{calls: 100, window: minute, sliding: true}, latency: fast, windows: 8, apart: true},
		"two processes, others, slow":  {account: account{calls: 1200, window: 5 * minute}, latency: slow, others: 120, windows: 2, apart: true},
		"two processes, nearly spent":  {account: account{calls: 100, window: minute, sliding: true}, latency: fast, before: 99, windows: 8, apart: true},
		"two processes, busy store":    {account: account{calls: 1200, window: 5 * minute}, latency: fast, windows: 4, apart: true, store: 100 * time.Millisecond},
		"two processes, busy, small":   {account: account{calls: 100, window: 10 * time.Second}, latency: fast, windows: 20, apart: true, store: 40 * time.Millisecond},
		"nearly spent, small, sliding": {account: account{calls: 100, window: minute, sliding: true}, latency: fast, before: 99, windows: 30},
	} {
		for seed := range uint64(sampling.Size(1, 3)) {
			t.Run(fmt.Sprintf("%s/seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := scene{
						account: account{calls: s.calls, window: s.window, sliding: s.sliding, opened: s.opened},
						latency: s.latency, lost: s.lost, others: s.others, before: s.before, windows: s.windows, apart: s.apart, store: s.store,
					}
					s.play(t, seed)
					if s.exceeded > 0 {
						t.Errorf("the quota was exceeded %d times", s.exceeded)
					}
					// What others spend is taken off what may be used: the reserve stays free.
					may := float64(s.calls)*(1-leftToOthers) - float64(s.others)
					used := float64(s.ours) / (may * float64(s.windows))
					if s.before > 0 {
						used *= float64(s.windows) / float64(s.windows-1)
					}
					t.Logf("%.1f %% used", 100*used)
					if used < 0.95 {
						t.Errorf("%d calls were made, %.1f %% of what could be used", s.ours, 100*used)
					}
				})
			})
		}
	}
}

// A process that was killed with requests in flight holds nobody up for longer
// than its requests may be on their way: workers promise to go on within half a minute.
func TestKilledProcessIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := BudgetConfig{PerSecond: 100, MaxWait: time.Hour, Store: new(table), Key: "key"}
		killed, next := NewBudget(cfg), NewBudget(cfg)
		take(t, killed) // the probe, whose answer nobody takes
		began := time.Now()
		take(t, next)
		if waited := time.Since(began); waited < 10*time.Second || waited > 20*time.Second {
			t.Errorf("waited %s for a process that is gone", waited)
		}
	})
}

// What a process that was killed had in flight was spent, for all that is known.
func TestRequestsOfAKilledProcessAreSpent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := BudgetConfig{PerSecond: 100, MaxWait: time.Hour, Store: new(table), Key: "key"}
		killed, next := NewBudget(cfg), NewBudget(cfg)
		began := time.Now()
		take(t, killed)
		killed.Done(t.Context(), limits(3, 300, 40, 300))
		take(t, killed) // the answers to two of three nobody takes
		take(t, killed)
		pause(time.Minute)
		take(t, next)
		if waited := time.Since(began); waited > 2*time.Minute {
			t.Errorf("the last request waited until %s", waited)
		}
		next.Done(t.Context(), nil)
		take(t, next)
		if waited := time.Since(began); waited < 300*time.Second {
			t.Errorf("one request more than the quota after %s", waited)
		}
	})
}

// What one process was told, the next one knows: it does not run into the block
// that the other left.
func TestNextProcessKnowsTheBlock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := BudgetConfig{PerSecond: 100, MaxWait: time.Minute, Store: new(table), Key: "key"}
		NewBudget(cfg).Close(t.Context(), 5*time.Minute)
		if err := NewBudget(cfg).Take(t.Context()); !errors.Is(err, model.ErrBudgetSpent) {
			t.Errorf("%v", err)
		}
	})
}

// A state that nobody can read costs one probe and no more.
func TestUnreadableStateIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 100, MaxWait: time.Minute, Store: &table{state: []byte(`{"limits":7}`)}, Key: "key"})
		take(t, b)
		b.Done(t.Context(), limits(10, 30, 40, 8))
		take(t, b)
	})
}

type brokenStore struct{}

func (brokenStore) ExchangeBudget(context.Context, string, func([]byte, time.Time) []byte) error {
	return model.ErrStore
}

// However many requests were under way, a failing database is told of once.
func TestFailureOfTheSharedBudgetIsToldOnce(t *testing.T) {
	t.Parallel()
	b := NewBudget(BudgetConfig{PerSecond: 100, Store: brokenStore{}, Key: "key"})
	b.Close(t.Context(), time.Second)
	for range 3 {
		b.Done(t.Context(), nil)
	}
	err := b.Take(t.Context())
	if !errors.Is(err, model.ErrStore) || strings.Count(err.Error(), model.ErrStore.Error()) != 1 {
		t.Errorf("%v", err)
	}
}

// A budget that cannot be shared is not spent.
func TestBudgetThatCannotBeSharedEndsTheRun(t *testing.T) {
	t.Parallel()
	b := NewBudget(BudgetConfig{PerSecond: 100, Store: brokenStore{}, Key: "key"})
	if err := b.Take(t.Context()); !errors.Is(err, model.ErrStore) {
		t.Errorf("%v", err)
	}
	if sent, _ := b.Spent(); sent != 0 {
		t.Errorf("%d requests were counted", sent)
	}
	if b.Pace() != 100 { // a preview divides by it
		t.Errorf("the pace is %v, want that of the configuration as long as no other is known", b.Pace())
	}
}

// brokenOnce fails its second exchange and no other.
type brokenOnce struct {
	table
	exchanges int
}

func (b *brokenOnce) ExchangeBudget(ctx context.Context, key string, change func([]byte, time.Time) []byte) error {
	if b.exchanges++; b.exchanges == 2 {
		return model.ErrStore
	}
	return b.table.ExchangeBudget(ctx, key, change)
}

// A Retry-After that could not be shared ends the run, though the answer itself
// was noted, and the next one of this process, as with --every, waits all the same.
func TestRetryAfterThatCannotBeSharedIsObeyed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 100, MaxWait: time.Hour, Store: &brokenOnce{}, Key: "key"})
		take(t, b)
		b.Close(t.Context(), 5*time.Minute)
		b.Done(t.Context(), nil)
		if err := b.Take(t.Context()); !errors.Is(err, model.ErrStore) {
			t.Errorf("the next request: %v", err)
		}
		began := time.Now()
		take(t, b)
		if waited := time.Since(began); waited != 5*time.Minute {
			t.Errorf("the one after it waited for %s, want five minutes", waited)
		}
	})
}

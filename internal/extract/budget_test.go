package extract

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/sampling"
)

// quota is a server's count of calls in fixed windows, in the virtual time of a
// synctest bubble.
type quota struct {
	mu           sync.Mutex
	calls        int
	window       time.Duration
	began        time.Time
	used, ours   int
	exceeded     int
	others       float64 // calls of somebody else, for each of ours
	othersWaited float64
}

func (q *quota) call() http.Header {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if now.Sub(q.began) >= q.window {
		q.began = q.began.Add(now.Sub(q.began).Truncate(q.window))
		q.used = 0
	}
	q.ours++
	q.used++
	for q.othersWaited += q.others; q.othersWaited >= 1; q.othersWaited-- {
		q.used++
	}
	if q.used > q.calls {
		q.exceeded++
	}
	left := max(q.calls-q.used, 0)
	reset := int((q.window - now.Sub(q.began) + time.Second - 1) / time.Second)
	return http.Header{
		"Ratelimit":        {fmt.Sprintf(`"default";r=%d;t=%d`, left, reset)},
		"Ratelimit-Policy": {fmt.Sprintf(`"default";q=%d;w=%d`, q.calls, int(q.window.Seconds()))},
	}
}

// spend runs eight senders for as long as given, and the quota counts. The sleeps are latencies in the
// bubble's virtual time.
func spend(t *testing.T, q *quota, cfg BudgetConfig, seed uint64, long time.Duration) {
	t.Helper()
	b := NewBudget(cfg)
	q.began = time.Now()
	end := time.Now().Add(long)
	var group sync.WaitGroup
	for n := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, n))
		group.Go(func() {
			for time.Now().Before(end) {
				if err := b.Take(t.Context()); err != nil {
					t.Errorf("take: %v", err)
					return
				}
				time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
				headers := q.call()
				time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond)
				b.Done(t.Context(), headers)
			}
		})
	}
	group.Wait()
}

// meltano/sdk#2012: the quota is never exceeded, right after the start included,
// and what may be used of it is used.
func TestBudgetStaysWithinTheQuotaAndUsesIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		calls  int
		window time.Duration
		others float64
	}{{40, 8 * time.Second, 0}, {1200, 5 * time.Minute, 0}, {100, time.Minute, 0}, {40, 8 * time.Second, 0.2}, {1200, 5 * time.Minute, 0.2}} {
		for seed := range uint64(sampling.Size(1, 5)) {
			t.Run(fmt.Sprintf("%d per %s, others %g, seed %d", c.calls, c.window, c.others, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					q := &quota{calls: c.calls, window: c.window, others: c.others}
					long := 10 * c.window
					spend(t, q, BudgetConfig{PerSecond: 1000, QuotaShare: 0.2, MaxWait: time.Hour}, seed, long)
					if q.exceeded > 0 {
						t.Errorf("%d calls exceeded the quota", q.exceeded)
					}
					if mine := float64(c.calls) * 0.8 * 10; c.others == 0 && float64(q.ours) < 0.95*mine {
						t.Errorf("%d calls were made, less than 95 %% of %.0f", q.ours, mine)
					}
				})
			})
		}
	}
}

func TestRetryAfterHoldsForEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 1000, MaxWait: 5 * time.Minute})
		b.Close(t.Context(), 37*time.Second)
		began := time.Now()
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				if err := b.Take(t.Context()); err != nil {
					t.Error(err)
				}
				if waited := time.Since(began); waited < 37*time.Second || waited > 38*time.Second {
					t.Errorf("waited %s, want 37 s", waited)
				}
				b.Done(t.Context(), http.Header{})
			})
		}
		group.Wait()
		b.Close(t.Context(), 6*time.Minute)
		if err := b.Take(t.Context()); !errors.Is(err, model.ErrBudgetSpent) {
			t.Errorf("a wait that is too long gave %v", err)
		}
	})
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"37": 37 * time.Second, "0.5": 500 * time.Millisecond, "Mon, 23 Nov 2026 08:05:00 GMT": 5 * time.Minute,
		"Mon, 23 Nov 2026 07:00:00 GMT": 0,
	} {
		if got, ok := retryAfter(http.Header{"Retry-After": {text}}, now); !ok || got != want {
			t.Errorf("Retry-After %q gives %s, %t", text, got, ok)
		}
	}
	// Where a proxy adds its own, the longest counts: each of them was asked for.
	for want, texts := range map[time.Duration][]string{
		60 * time.Second: {"5", "60"}, 7 * time.Second: {"soon", "7"}, 9 * time.Second: {"3, 9"}, 8 * time.Second: {"8", "-1"},
		5 * time.Minute: {"2", "Mon, 23 Nov 2026 08:05:00 GMT"},
	} {
		if got, ok := retryAfter(http.Header{"Retry-After": texts}, now); !ok || got != want {
			t.Errorf("Retry-After %q gives %s, %t", texts, got, ok)
		}
	}
	// A date is one of the clock that wrote the answer.
	for date, want := range map[string]time.Duration{"Tue, 23 Nov 2027 08:04:00 GMT": time.Minute, "Tue, 23 Nov 2027 08:06:00 GMT": 0, "nonsense": 365*24*time.Hour + 5*time.Minute} {
		if got, _ := retryAfter(http.Header{"Retry-After": {"Tue, 23 Nov 2027 08:05:00 GMT"}, "Date": {date}}, now); got != want {
			t.Errorf("a date after %s gives %s, want %s", date, got, want)
		}
	}
	for _, text := range []string{"", "soon", "-1", "NaN"} {
		if got, ok := retryAfter(http.Header{"Retry-After": {text}}, now); ok {
			t.Errorf("Retry-After %q gives %s", text, got)
		}
	}
	items := parseLimits([]string{`"burst";q=100;w=60, "default";q=1200;w=300`, `junk`})
	if len(items) != 2 || items[0].name != "burst" || items[1].params["q"] != 1200 || items[1].params["w"] != 300 {
		t.Errorf("limits %+v", items)
	}
}

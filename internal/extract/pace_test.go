package extract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

func limits(left, reset, quota, window int) http.Header {
	return http.Header{
		"Ratelimit":        {fmt.Sprintf(`"default";r=%d;t=%d`, left, reset)},
		"Ratelimit-Policy": {fmt.Sprintf(`"default";q=%d;w=%d`, quota, window)},
	}
}

// An answer that comes in must not let a sender go before its time.
func TestPaceHoldsWhileAnswersComeIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 3, MaxWait: time.Minute})
		ctx, began := t.Context(), time.Now()
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for time.Since(began) < time.Minute {
					if err := b.Take(ctx); err != nil {
						t.Error(err)
					}
					pause(50 * time.Millisecond)
					b.Done(t.Context(), http.Header{})
				}
			})
		}
		group.Wait()
		sent, waited := b.Spent()
		if took := time.Since(began).Seconds(); float64(sent) > 3*took+1 || float64(sent) < 3*took*0.99-8 || waited < 55*time.Second || waited > time.Since(began) {
			t.Errorf("%d requests in %.1f s at 3 a second, waited %s", sent, took, waited)
		}
	})
}

// Senders that waited while the gate was closed do not all go at once.
func TestGateOpensAtThePace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 2, MaxWait: time.Hour})
		take(t, b)
		b.Done(t.Context(), http.Header{})
		b.Close(t.Context(), time.Minute)
		began := time.Now()
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() { take(t, b) })
		}
		group.Wait()
		if took := time.Since(began); took < time.Minute+3500*time.Millisecond || took > time.Minute+4*time.Second {
			t.Errorf("eight senders took %s", took)
		}
	})
}

func take(t *testing.T, b *Budget) {
	t.Helper()
	if err := b.Take(t.Context()); err != nil {
		t.Error(err)
	}
}

// isOpen tells whether a request may be sent within a millisecond.
func isOpen(t *testing.T, b *Budget) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	return b.Take(ctx) == nil
}

func TestAnswersThatOvertakeEachOtherRaiseNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 1e6, QuotaShare: 0.2, MaxWait: time.Hour})
		take(t, b)
		b.Done(t.Context(), limits(11, 30, 40, 8))
		for range 2 {
			take(t, b)
		}
		b.Done(t.Context(), limits(8, 30, 40, 8))
		b.Done(t.Context(), limits(10, 30, 40, 8)) // was answered before, and took longer
		if isOpen(t, b) {
			t.Error("the reserve of 8 was broken into")
		}
	})
}

// A call whose answer got lost may have been counted.
func TestLostAnswersCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 1e6, MaxWait: time.Hour})
		take(t, b)
		b.Done(t.Context(), http.Header{"Ratelimit": {`"default";r=3;t=60`}})
		for range 3 {
			take(t, b)
			b.Done(t.Context(), nil)
		}
		if isOpen(t, b) {
			t.Error("a fourth call was let through, though three were left")
		}
	})
}

// Cloudflare's own example names the quota "burst" and what is left "default":
// a share of it is left to others all the same.
func TestReserveOfAQuotaWithoutAPolicy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 1e6, QuotaShare: 0.2, MaxWait: time.Hour})
		for _, left := range []int{50, 11} {
			take(t, b)
			b.Done(t.Context(), http.Header{"Ratelimit": {fmt.Sprintf(`"default";r=%d;t=30`, left)}})
		}
		take(t, b)
		b.Done(t.Context(), http.Header{"Ratelimit": {`"default";r=10;t=30`}})
		if isOpen(t, b) {
			t.Error("the last fifth was not left to others")
		}
	})
}

func TestLimitWithoutATimeLastsItsWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 1e6, QuotaShare: 0.2, MaxWait: time.Hour})
		take(t, b)
		b.Done(t.Context(), http.Header{"Ratelimit": {`"default";r=0`}, "Ratelimit-Policy": {`"default";q=40;w=8`}})
		began := time.Now()
		take(t, b)
		if waited := time.Since(began); waited != 8*time.Second {
			t.Errorf("waited %s", waited)
		}
	})
}

// Nothing is wrong where the quota is spent: the run ends at once and says when
// to come again.
func TestWaitBeyondMaxWaitEndsTheRun(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string]http.Header{
		"window":        limits(0, 300, 1200, 300),
		"pace":          limits(1, 1, 1, 1<<29),
		"endless quota": {"Ratelimit": {`"default";r=0;t=99999999`}},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := NewBudget(BudgetConfig{PerSecond: 10, QuotaShare: 0.2, MaxWait: 2 * time.Minute})
			take(t, b)
			b.Done(t.Context(), headers)
			pause(2 * time.Second)
			took := time.Now()
			if isOpen(t, b) { // the bucket may hold one call
				b.Done(t.Context(), nil)
			}
			if err := b.Take(t.Context()); !errors.Is(err, model.ErrBudgetSpent) || time.Since(took) > time.Second {
				t.Errorf("%s: %v after %s", name, err, time.Since(took))
			}
		})
	}
}

// MaxWait 0 means: end the run rather than wait, and not: end it at once.
func TestPaceIsNoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 3})
		for range 10 {
			take(t, b)
			b.Done(t.Context(), http.Header{})
		}
	})
}

func TestStoppedRunDoesNotWaitForTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 1, MaxWait: time.Hour})
		b.Close(t.Context(), time.Minute)
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("interrupted")
		time.AfterFunc(time.Second, func() { cancel(reason) })
		if err := b.Take(ctx); !errors.Is(err, reason) {
			t.Errorf("%v", err)
		}
		if sent, _ := b.Spent(); sent != 0 {
			t.Errorf("%d requests were counted", sent)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	f.Add(`"default";r=50;t=30`, `"burst";q=100;w=60`, "37")
	f.Add(`"a";r=0;t=0, "b";r=99999999999;t=-1`, `;q=0;w=0,,"";q=1;w=1`, "NaN")
	f.Add("r=1", "limit", "Mon, 23 Nov 2026 08:05:00 GMT")
	f.Add("\x00;r=", ";;;", "1e400")
	f.Fuzz(func(t *testing.T, left, policy, retry string) {
		for _, item := range parseLimits([]string{left, policy}) {
			if len(item.params) == 0 {
				t.Error("an item without parameters")
			}
			for name, n := range item.params {
				if n < 0 || n >= 1<<30 {
					t.Errorf("%s=%d", name, n)
				}
			}
		}
		if wait, ok := retryAfter(http.Header{"Retry-After": {retry}}, now); wait < 0 || !ok && wait != 0 {
			t.Errorf("Retry-After %q gives %s, %v", retry, wait, ok)
		}
		b := NewBudget(BudgetConfig{PerSecond: 3, QuotaShare: 0.2, MaxWait: time.Second})
		take(t, b)
		b.Done(t.Context(), http.Header{"Ratelimit": {left}, "Ratelimit-Policy": {policy}})
		if b.Pace() <= 0 || b.Pace() > 3 {
			t.Errorf("%q and %q give a pace of %v", left, policy, b.Pace())
		}
	})
}

package extract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Whatever an answer asks for, one request tries again after two hours; what it then
// says counts.
func TestAbsurdWaitsEnd(t *testing.T) {
	t.Parallel()
	year := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of synctest's clock
	for name, asked := range map[string]http.Header{
		"a date":           {"Retry-After": {"Fri, 31 Dec 9999 23:59:59 GMT"}},
		"a date by a Date": {"Retry-After": {year.AddDate(3, 0, 0).Format(http.TimeFormat)}, "Date": {year.AddDate(1, 0, 0).Format(http.TimeFormat)}},
		"seconds":          {"Retry-After": {"1000000000"}},
		"more seconds":     {"Retry-After": {"1e400"}},
		"t":                {"Ratelimit": {`"default";r=0;t=1000000000`}},
		"more t":           {"Ratelimit": {`"default";r=0;t=99999999999999999999999`}},
		"t and w":          {"Ratelimit": {`"default";r=0;t=1000000000`}, "Ratelimit-Policy": {`"default";q=1200;w=1000000000`}},
		"w alone":          {"Ratelimit": {`"default";r=0`}, "Ratelimit-Policy": {`"default";q=1200;w=1000000000`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := NewBudget(BudgetConfig{PerSecond: 10, MaxWait: 3 * time.Hour})
				take(t, b)
				if wait, ok := retryAfter(asked, time.Now()); ok {
					b.Close(t.Context(), wait)
				}
				b.Done(t.Context(), asked)
				began := time.Now()
				take(t, b)
				if waited := time.Since(began); waited < time.Hour || waited > model.LongestWait+time.Second {
					t.Errorf("waited %s, want %s", waited, model.LongestWait)
				}
				if isOpen(t, b) {
					t.Error("more than one request tries whether the wait is over")
				}
				b.Done(t.Context(), limits(1000, 300, 1200, 300))
				for range 2 {
					take(t, b)
				}
				if waited := time.Since(began); waited > model.LongestWait+10*time.Second {
					t.Errorf("went on after %s", waited)
				}
			})
		})
	}
}

// A wait that is meant, of the length that is documented, is kept to the second.
func TestDateOfAnotherYearIsNoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 10, MaxWait: time.Hour})
		other := time.Now().AddDate(1, 0, 0).UTC()
		wait, ok := retryAfter(http.Header{"Retry-After": {other.Add(5 * time.Minute).Format(http.TimeFormat)}, "Date": {other.Format(http.TimeFormat)}}, time.Now())
		if !ok || wait != 5*time.Minute {
			t.Errorf("a wait of %s", wait)
		}
		b.Close(t.Context(), wait)
		began := time.Now()
		take(t, b)
		if waited := time.Since(began); waited.Round(time.Second) != 5*time.Minute {
			t.Errorf("waited %s", waited)
		}
	})
}

// Times that are stored were written by the same clock. Where it was set back, or an
// older version wrote them, they are no reason to wait beyond the bound.
func TestStoredTimesOfTheFutureEnd(t *testing.T) {
	t.Parallel()
	ahead := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(1, 0, 0) // a year ahead of synctest's clock
	for name, tt := range map[string]struct {
		state budgetState
		most  time.Duration
	}{
		"closed_until":    {budgetState{ClosedUntil: ahead, Probed: true}, model.LongestWait},
		"full_at":         {budgetState{FullAt: ahead, Probed: true}, time.Minute},
		"a little before": {budgetState{FullAt: ahead.AddDate(-1, 0, 0).Add(10 * time.Minute), Probed: true}, time.Minute},
		"senders":         {budgetState{Senders: map[string]inFlight{"dead": {4, ahead}}}, time.Minute},
		"reset_at":        {budgetState{Probed: true, Limits: map[string]*limit{"default": {Quota: 10, Window: 300 * time.Second, ResetAt: ahead}}}, model.LongestWait},
		"window":          {budgetState{Probed: true, Limits: map[string]*limit{"default": {Quota: 1200, Window: 1 << 62, Remaining: 1000, ResetAt: ahead}}}, time.Minute},
		"all of them": {budgetState{
			ClosedUntil: ahead, FullAt: ahead, Senders: map[string]inFlight{"dead": {4, ahead}},
			Limits: map[string]*limit{"default": {Quota: 10, Window: 300 * time.Second, ResetAt: ahead}},
		}, model.LongestWait},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				text, err := json.Marshal(&tt.state)
				if err != nil {
					t.Fatal(err)
				}
				shelf := new(table)
				if err := shelf.ExchangeBudget(t.Context(), "key", func([]byte, time.Time) []byte { return text }); err != nil {
					t.Fatal(err)
				}
				b := NewBudget(BudgetConfig{PerSecond: 10, QuotaShare: 0.2, MaxWait: 3 * time.Hour, Store: shelf, Key: "key"})
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
				defer cancel()
				if err := b.Take(ctx); err != nil || time.Since(began) > tt.most+time.Minute {
					t.Errorf("waited %s, want at most %s: %v", time.Since(began), tt.most, err)
				}
			})
		})
	}
}

// An absurd end of a window is given up as soon as an answer says better.
func TestSaneAnswerAfterAnAbsurdOneCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetConfig{PerSecond: 10, QuotaShare: 0.2, MaxWait: 10 * time.Minute})
		for _, said := range []http.Header{limits(600, 1e9, 1200, 300), limits(0, 300, 1200, 300)} {
			take(t, b)
			b.Done(t.Context(), said)
		}
		began := time.Now()
		take(t, b)
		if waited := time.Since(began); waited.Round(time.Second) != 5*time.Minute {
			t.Errorf("waited %s, want 5 minutes", waited)
		}
	})
}

// Who reads the log or the error learns of a wait beyond an hour, and where it says
// how to end it; who ends it by hand need not start the program anew.
func TestLongWaitIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		shelf := new(table)
		cfg := BudgetConfig{PerSecond: 10, MaxWait: time.Minute, Store: shelf, Key: "key", Logger: slog.New(slog.NewTextHandler(&log, nil))}
		b := NewBudget(cfg)
		b.Close(t.Context(), 5*time.Minute)
		if err := b.Take(t.Context()); !errors.Is(err, model.ErrBudgetSpent) || strings.Contains(fmt.Sprint(err), "rollcall status") || log.Len() > 0 {
			t.Errorf("of five minutes it says %v\n%s", err, &log)
		}
		b.Close(t.Context(), 1e6*time.Hour)
		for range 3 {
			if err := b.Take(t.Context()); !errors.Is(err, model.ErrBudgetSpent) || !strings.Contains(fmt.Sprint(err), "2h0m0s") || !strings.Contains(fmt.Sprint(err), "rollcall status tells how to end it") {
				t.Errorf("got %v", err)
			}
		}
		if strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), "wait_seconds=7200") || !strings.Contains(log.String(), "rollcall status") {
			t.Errorf("the log says\n%s", &log)
		}
		cfg.MaxWait = 3 * time.Hour
		patient := NewBudget(cfg)
		time.AfterFunc(10*time.Minute, func() {
			err := shelf.ExchangeBudget(t.Context(), "key", func([]byte, time.Time) []byte { return nil }) // as DELETE does
			if err != nil {
				t.Error(err)
			}
		})
		began := time.Now()
		take(t, patient)
		if waited := time.Since(began); waited > 12*time.Minute {
			t.Errorf("waited %s though the wait was ended after ten minutes", waited)
		}
		if strings.Count(log.String(), "level=WARN") != 2 {
			t.Errorf("a wait that is waited for is not told:\n%s", &log)
		}
	})
}

package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

func newTestTour() *tour {
	logger := slog.New(slog.DiscardHandler)
	return newTour(New(Config{Logger: logger, Accounts: []Account{{ID: "a"}}}, warehouse.New(nil, logger), nil), "id")
}

// What becomes of a job whose work broke off.
func TestVerdict(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	other := errors.New("other")
	for name, test := range map[string]struct {
		ctx     context.Context
		err     error
		least   time.Duration // of a snooze; 0 for none
		most    time.Duration
		want    error // where it is no snooze
		refused bool
	}{
		"told to stop":    {ended, model.ErrDenied, 0, 0, context.Canceled, false},
		"budget":          {t.Context(), &model.BudgetError{Wait: 10 * time.Second}, 10 * time.Second, 12 * time.Second, nil, false},
		"token":           {t.Context(), fmt.Errorf("GET apps: %w", model.ErrDenied), takenPause, takenPause, nil, true},
		"any other error": {t.Context(), other, 0, 0, other, false},
	} {
		tour := newTestTour()
		err := tour.verdict(test.ctx, "a", test.err)
		snooze, isSnooze := errors.AsType[*river.JobSnoozeError](err)
		switch {
		case isSnooze != (test.most > 0), !isSnooze && !errors.Is(err, test.want):
			t.Errorf("%s: %v", name, err)
		case isSnooze && (snooze.Duration < test.least || snooze.Duration > test.most):
			t.Errorf("%s: waits %s", name, snooze.Duration)
		}
		if refused := tour.desks["a"].refused() != nil; refused != test.refused {
			t.Errorf("%s: stands aside: %v", name, refused)
		}
	}
}

// A worker stands aside the longer the more often in a row its token is refused, however many
// of its jobs are at once.
func TestWaitOfWhomTheAPIRefuses(t *testing.T) {
	t.Parallel()
	tour := newTestTour()
	d := tour.desks["a"]
	back := func(ago time.Duration) { d.refusal, d.back = nil, time.Now().Add(-ago) }
	for i, want := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
		tour.refuse("a", model.ErrDenied)
		tour.refuse("a", model.ErrDenied) // another of its jobs
		<-tour.refused
		if got := d.wait(10 * time.Second); got != want {
			t.Errorf("refusal %d in a row: waits %s, want %s", i+1, got, want)
		}
		back(time.Minute)
	}
	back(deniedPause + time.Minute)
	tour.refuse("a", model.ErrDenied)
	if got := d.wait(10 * time.Second); got != 10*time.Second {
		t.Errorf("refused again after a good while: waits %s", got)
	}
	d.refusals = 99
	if got := d.wait(10 * time.Second); got != deniedPause {
		t.Errorf("refused for ever: waits %s", got)
	}
}

// What is read beside the sessions goes on soon where more is left, and later where
// something failed.
func TestOptionalPause(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		read pipeline.OptionalResult
		want time.Duration
	}{
		{pipeline.OptionalResult{}, 0},
		{pipeline.OptionalResult{More: true}, morePause},
		{pipeline.OptionalResult{More: true, Failures: 1}, failedPause},
		{pipeline.OptionalResult{MeetingsWaiting: 1}, failedPause},
	} {
		if got := optionalPause(test.read); got != test.want {
			t.Errorf("%+v: %s, want %s", test.read, got, test.want)
		}
	}
}

// Only an app whose webhooks arrive, and of which none came for a day, is known to be quiet.
func TestUnheard(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, test := range []struct {
		a    queue.Announced
		want time.Time
	}{
		{queue.Announced{Heard: true, Since: quietAfter}, now.Add(-quietAfter)},
		{queue.Announced{Heard: true, Since: quietAfter - 1}, time.Time{}},
		{queue.Announced{Heard: true, Since: 2 * quietAfter, Missed: true}, time.Time{}},
		{queue.Announced{Since: 2 * quietAfter}, time.Time{}},
	} {
		if got := unheard(test.a, now); !got.Equal(test.want) {
			t.Errorf("%+v: %v, want %v", test.a, got, test.want)
		}
	}
}

// Each page of the list of apps is a request.
func TestAppsPause(t *testing.T) {
	t.Parallel()
	for apps, want := range map[int]time.Duration{0: 30 * time.Minute, 100: 30 * time.Minute, 101: time.Hour, 200: time.Hour, 201: 90 * time.Minute} {
		if got := appsPause(apps); got != want {
			t.Errorf("%d apps: %s, want %s", apps, got, want)
		}
	}
}

package worker

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// 3,000 quiet apps whose webhooks arrive: their lists and those of the apps.
func TestQuietAppsCostARequestADayAtMost(t *testing.T) {
	t.Parallel()
	const apps, day = 3000, 24 * time.Hour
	pause := listPause(queue.Announced{Heard: true, Since: 48 * time.Hour})
	requests := apps*day.Hours()/pause.Hours() + (apps/100)*day.Hours()/appsPause(apps).Hours()
	if requests > apps {
		t.Errorf("%.0f requests a day", requests)
	}
}

func TestListPause(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a    queue.Announced
		want time.Duration
	}{
		{queue.Announced{}, 15 * time.Minute},
		{queue.Announced{Heard: true, Since: time.Minute}, time.Hour},
		{queue.Announced{Heard: true, Since: time.Minute, Missed: true}, 15 * time.Minute},
		{queue.Announced{Heard: true, Since: 48 * time.Hour}, 25 * time.Hour},
		{queue.Announced{Heard: true, Since: 48 * time.Hour, Missed: true}, 15 * time.Minute},
	} {
		if got := listPause(test.a); got != test.want {
			t.Errorf("%+v: %v", test.a, got)
		}
	}
}

func TestNextLook(t *testing.T) {
	t.Parallel()
	w := New(Config{Settle: time.Hour, Logger: slog.New(slog.DiscardHandler)}, warehouse.New(nil, slog.New(slog.DiscardHandler)), nil)
	tour := newTour(w, "id")
	now := time.Now()
	live := model.Session{Status: model.StatusLive, UpdatedAt: now}
	ended := model.Session{Status: "ENDED", EndedAt: now, UpdatedAt: now}
	old := model.Session{Status: "ENDED", EndedAt: now.Add(-59*time.Minute - 50*time.Second), UpdatedAt: now.Add(-59*time.Minute - 50*time.Second)}
	complete := model.SessionState{Complete: true}
	for _, test := range []struct {
		name     string
		claim    queue.Claim
		look     pipeline.Look
		from, to time.Duration
	}{
		{"of retention", queue.Claim{}, pipeline.Look{Known: true, TooOld: true, Session: ended}, 0, 0},
		{"not known to the API", queue.Claim{}, pipeline.Look{}, 0, 0},
		{"live, nobody said it ended", queue.Claim{}, pipeline.Look{Known: true, Session: live}, livePause, livePause},
		{"live though a webhook said it ended", queue.Claim{HasEnded: true}, pipeline.Look{Known: true, Session: live}, endedPause, endedPause},
		{"the same again", queue.Claim{HasEnded: true, Looks: 2}, pipeline.Look{Known: true, Session: live}, 4 * endedPause, 4 * endedPause},
		{"the same for ever", queue.Claim{HasEnded: true, Looks: 99}, pipeline.Look{Known: true, Session: live}, livePause, livePause},
		{"ended now", queue.Claim{HasEnded: true}, pipeline.Look{Known: true, Session: ended, State: complete, At: now}, time.Hour, time.Hour},
		{"ended nearly an hour ago", queue.Claim{}, pipeline.Look{Known: true, Session: old, State: complete, At: now}, leastPause, leastPause},
		{"ended now, and the API's clock is behind", queue.Claim{}, pipeline.Look{Known: true, Session: ended, State: complete, At: now.Add(-3 * time.Hour)}, 4 * time.Hour, 4 * time.Hour},
		{"settled", queue.Claim{}, pipeline.Look{Known: true, Session: old, State: model.SessionState{Complete: true, Settled: true}}, 0, 0},
		{"failed", queue.Claim{}, pipeline.Look{Known: true, State: model.SessionState{Failed: true}}, wrongPause, wrongPause},
		{"does not add up", queue.Claim{Looks: 1}, pipeline.Look{Known: true, Session: ended}, 2 * wrongPause, 2 * wrongPause},
		{"complete, and its record cannot be used", queue.Claim{Looks: 2}, pipeline.Look{Known: true, State: complete, At: now}, 4 * wrongPause, 4 * wrongPause},
		{"the same too often", queue.Claim{Looks: wrongLooks}, pipeline.Look{Known: true, State: complete, At: now}, 0, 0},
		{"complete, and of a status that says nothing", queue.Claim{}, pipeline.Look{Known: true, Session: model.Session{Status: "PAUSED"}, State: complete, At: now}, wrongPause, wrongPause},
		{"settled, and its record cannot be used", queue.Claim{}, pipeline.Look{Known: true, State: model.SessionState{Complete: true, Settled: true}}, wrongPause, wrongPause},
		{"announced, and not shown yet", queue.Claim{}, pipeline.Look{Known: true, NotYet: true, State: model.SessionState{Failed: true}}, endedPause, endedPause},
		{"the same again and again", queue.Claim{Looks: wrongLooks - 1}, pipeline.Look{Known: true, NotYet: true, State: model.SessionState{Failed: true}}, wrongPause, wrongPause},
		{"never shown", queue.Claim{Looks: wrongLooks}, pipeline.Look{Known: true, NotYet: true, State: model.SessionState{Failed: true}}, 0, 0},
		{"failed too often", queue.Claim{Looks: wrongLooks}, pipeline.Look{Known: true, State: model.SessionState{Failed: true}}, 0, 0},
	} {
		if got := tour.next(test.claim, test.look); got < test.from || got > test.to {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// A job for which the budget is spent comes again when it opens, and not long after.
func TestJobsComeWhenTheBudgetOpens(t *testing.T) {
	t.Parallel()
	for wait, most := range map[time.Duration]time.Duration{12 * time.Second: 15 * time.Second, 50 * time.Second: 60 * time.Second, 2 * time.Hour: 70 * time.Second} {
		err := fmt.Errorf("GET meetings: %w", &model.BudgetError{Wait: wait})
		for range 100 {
			if got := budgetWait(err); got < min(wait, time.Minute) || got > most {
				t.Fatalf("a job waits %s where the budget opens in %s", got, wait)
			}
		}
	}
}

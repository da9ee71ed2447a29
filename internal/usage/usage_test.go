package usage

import (
	"testing"

	"github.com/rollcall-etl/rollcall/internal/derive"
)

// A session that is stored anew between the reading of its figures and that of its people
// has people on days that are not known of it yet. They are left out, since it is queued
// again, and take nothing from the days of others.
func TestPeopleOfUnknownDaysAreLeftOut(t *testing.T) {
	t.Parallel()
	preset := &Preset{}
	session := func(day int) *Session {
		return &Session{App: "app", Start: day, Days: []derive.Day{{Day: day, People: 1, Present: hour}}}
	}
	stay := func(session, day int) Stay {
		at := startOf(day) + hour
		return Stay{Session: session, Day: day, Preset: preset, Presence: []derive.Span{{Start: at, End: at + hour}}}
	}
	sessions := []*Session{session(10), session(12), session(12)}
	stays := []Stay{stay(0, 9), stay(0, 11), stay(0, 12), stay(1, 12), stay(2, 12)}
	counter := NewCounter(sessions, SessionDays(sessions))
	counter.Add("Ana", stays)
	days := 0
	for day := range counter.Days() {
		days++
		extra := 0
		for i := range day.Shared {
			extra += day.Shared[i].Extra
		}
		if want := map[int]int{12: 1}[day.Day]; extra != want {
			t.Errorf("day %d: the sessions have %d people too many, want %d", day.Day, extra, want)
		}
	}
	if days != 2 {
		t.Errorf("%d days are counted, want 2", days)
	}
}

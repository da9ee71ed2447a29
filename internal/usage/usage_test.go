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
	if shared := counter.TakeShared(); len(shared) != 1 || shared[0].Day != 12 || shared[0].Extra != 1 {
		t.Errorf("the sessions have too many people by %+v, want one on day 12", shared)
	}
	if shared := counter.TakeShared(); len(shared) != 0 {
		t.Errorf("%+v is taken twice", shared)
	}
	days := 0
	for range counter.Days() {
		days++
	}
	if days != 2 {
		t.Errorf("%d days are counted, want 2", days)
	}
}

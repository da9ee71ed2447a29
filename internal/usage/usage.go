// Package usage counts days of which nothing is counted yet, from what is derived of
// their sessions. The function analytics.count_sessions is the definition, in SQL, and
// counts any change; this is the same for days that are counted for the first time, at a
// fraction of the cost. A test of internal/load holds the two against each other. It
// knows no database.
package usage

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/rollcall-etl/rollcall/internal/derive"
)

// NoDay stands where no day is known.
const NoDay = -1 << 31

// Text is a text or null, and has the fields of pgtype.Text.
type Text struct {
	String string
	Valid  bool
}

// Preset is under which preset somebody was inside.
type Preset struct{ Name, ViewType Text }

// Step is a moment at which the number inside changes.
type Step struct {
	At                   derive.Time
	People, Participants int32
}

// Session is what counts of a row of analytics.session_figures.
type Session struct {
	App     string
	Zone    *Zone  // the same for all sessions of an app; nil for UTC
	Start   int    // the day on which it began, counted from 2000-01-01, or NoDay
	Curve   []Step // how many are inside from each moment on, in order
	Days    []derive.Day
	Presets []PresetDay
}

// PresetDay is what a session adds to a preset on a day.
type PresetDay struct {
	Day int
	Preset
	People, Participants        int
	PersonTime, ParticipantTime derive.Time
}

// Stay is a person's presence in a session on one day, under one preset. There are
// hundreds of thousands.
type Stay struct {
	Session  int32 // which of the sessions
	Person   int32 // the same number for the same person
	Day      int32
	Preset   *Preset // the same for the same preset
	Presence []derive.Span
}

// AppDay is a day of an app.
type AppDay struct {
	App  string
	Day  int
	zone *Zone
}

// Zone tells when days begin that are not those of UTC: all on which somebody was inside
// or a session began, and the next ones.
type Zone struct{ Starts map[int]derive.Time }

// Counted is what is kept of a day.
type Counted struct {
	AppDay

	Sessions []*SessionDay
	Shared   []SharedPerson
	Curve    []Node
}

// Count counts the days of these sessions, of which the stays are all. It takes their
// curves, and sorts the stays. Stays on a day that is none of the session's are left out: it
// was stored anew between the two readings, and is counted again. Days come one by one,
// since each takes as much memory as all stays of it.
func Count(sessions []*Session, stays []Stay) iter.Seq[Counted] {
	of, dates := map[AppDay][]*SessionDay{}, make([][]int, len(sessions))
	for _, d := range sessionDays(sessions) {
		of[d.AppDay] = append(of[d.AppDay], d)
		dates[d.Session] = append(dates[d.Session], d.Day)
	}
	stays = slices.DeleteFunc(stays, func(s Stay) bool { return !slices.Contains(dates[s.Session], int(s.Day)) })
	slices.SortFunc(stays, func(a, b Stay) int {
		return cmp.Or(compareDays(a.on(sessions), b.on(sessions)), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Session, b.Session))
	})
	return func(yield func(Counted) bool) {
		for _, day := range slices.SortedFunc(maps.Keys(of), compareDays) {
			n := 0
			for n < len(stays) && stays[n].on(sessions) == day {
				n++
			}
			shared := sharedPeople(day, stays[:n])
			if stays = stays[n:]; len(stays) == 0 {
				stays = nil
			}
			if !yield(Counted{day, of[day], shared, curve(day, of[day], shared)}) {
				return
			}
		}
	}
}

func (s *Stay) on(sessions []*Session) AppDay { return sessions[s.Session].on(int(s.Day)) }

func compareDays(a, b AppDay) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.App, b.App))
}

// start gives when the day begins, and end when the next does.
func (d AppDay) start() derive.Time { return d.zone.start(d.Day) }

func (d AppDay) end() derive.Time { return d.zone.start(d.Day + 1) }

func (z *Zone) start(d int) derive.Time {
	if z == nil {
		return startOf(d)
	}
	return z.Starts[d]
}

const hour derive.Time = 60 * 60 * 1e6

// startOf gives when a day of UTC begins.
func startOf(d int) derive.Time { return derive.Time(d) * 24 * hour }

// before counts the steps before a moment, which are in order.
func before(steps []Step, at derive.Time) int {
	n, _ := slices.BinarySearchFunc(steps, at, func(s Step, at derive.Time) int { return cmp.Compare(s.At, at) })
	return n
}

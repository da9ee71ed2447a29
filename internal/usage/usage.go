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
	Zone    *derive.Zone // the same for all sessions of an app; nil for UTC
	Start   int          // the day on which it began, counted from 2000-01-01, or NoDay
	Curve   []Step       // how many are inside from each moment on, in order
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

// Stay is a person's presence in a session on one day, under one preset.
type Stay struct {
	Session  int // which of the sessions
	Day      int
	Preset   *Preset // the same for the same preset
	Presence []derive.Span
}

// AppDay is a day of an app.
type AppDay struct {
	App  string
	Day  int
	zone *derive.Zone
}

// Counted is what is kept of a day beside what its sessions and shared people add.
type Counted struct {
	AppDay

	Curve []Node
}

// Counter counts days, person by person, so that no more than one person's stays need be in
// memory.
type Counter struct {
	sessions []*Session
	known    map[sessionDay]struct{}
	days     map[AppDay]*sum
	shared   []SharedPerson // that were not taken
}

type sessionDay struct{ session, day int }

// NewCounter begins with what the sessions add to their days, and takes the steps of it.
func NewCounter(sessions []*Session, days []SessionDay) *Counter {
	c := &Counter{sessions: sessions, known: make(map[sessionDay]struct{}, len(days)), days: map[AppDay]*sum{}}
	for i := range days {
		d := &days[i]
		c.known[sessionDay{d.Session, d.Day}] = struct{}{}
		if c.days[d.AppDay] == nil {
			c.days[d.AppDay] = &sum{}
		}
		c.days[d.AppDay].add(d.Steps)
		d.Steps = nil
	}
	return c
}

// Knows tells whether a day is one of a session's. One that is not comes of a session that
// was stored anew after it was read, and is counted again.
func (c *Counter) Knows(session, day int) bool {
	_, known := c.known[sessionDay{session, day}]
	return known
}

// Add counts all stays of a person, in all sessions and apps. It sorts them and keeps none.
// Those on a day that is not known of the session are left out.
func (c *Counter) Add(person string, stays []Stay) {
	stays = slices.DeleteFunc(stays, func(s Stay) bool { return !c.Knows(s.Session, s.Day) })
	slices.SortFunc(stays, func(a, b Stay) int {
		return cmp.Or(compareDays(c.on(&a), c.on(&b)), cmp.Compare(a.Session, b.Session))
	})
	for len(stays) > 0 {
		day, n := c.on(&stays[0]), 1
		for n < len(stays) && c.on(&stays[n]) == day {
			n++
		}
		if p, ok := shared(day, stays[:n]); ok {
			p.AppDay, p.Person = day, person
			c.shared = append(c.shared, p)
			c.days[day].add(p.Steps)
		}
		stays = stays[n:]
	}
}

func (c *Counter) on(s *Stay) AppDay { return c.sessions[s.Session].on(s.Day) }

// TakeShared gives the people in several sessions of a day that were added since it was last
// asked, and forgets them.
func (c *Counter) TakeShared() []SharedPerson {
	taken := c.shared
	c.shared = nil
	return taken
}

// Days gives what is counted, once, day by day: each takes memory until the next.
func (c *Counter) Days() iter.Seq[Counted] {
	return func(yield func(Counted) bool) {
		for _, day := range slices.SortedFunc(maps.Keys(c.days), compareDays) {
			of := c.days[day]
			delete(c.days, day)
			if !yield(Counted{day, curve(day, of.settled())}) {
				return
			}
		}
	}
}

func compareDays(a, b AppDay) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.App, b.App))
}

// start gives when the day begins, and end when the next does.
func (d AppDay) start() derive.Time { return d.zone.Start(d.Day) }

func (d AppDay) end() derive.Time { return d.zone.Start(d.Day + 1) }

const hour derive.Time = 60 * 60 * 1e6

// startOf gives when a day of UTC begins.
func startOf(d int) derive.Time { return derive.Time(d) * 24 * hour }

// before counts the steps before a moment, which are in order.
func before(steps []Step, at derive.Time) int {
	n, _ := slices.BinarySearchFunc(steps, at, func(s Step, at derive.Time) int { return cmp.Compare(s.At, at) })
	return n
}

// Package usage counts days of which nothing is counted yet, from what is derived of
// their sessions. The function analytics.count_sessions is the definition, in SQL, and
// counts any change; this is the same for days that are counted for the first time, at a
// fraction of the cost. A test of internal/warehouse holds the two against each other.
// Days are those of UTC. It knows no database.
package usage

import "github.com/rollcall-etl/rollcall/internal/derive"

// NoDay stands where no day is known.
const NoDay = -1 << 31

// Text is a text or null, and has the fields of pgtype.Text.
type Text struct {
	String string
	Valid  bool
}

// Preset is under which preset somebody was inside.
type Preset struct{ Name, ViewType Text }

// Session is what counts of a row of analytics.session_figures.
type Session struct {
	App     string
	Start   int           // the day on which it began, or NoDay
	Curve   []derive.Step // how many are inside from each moment on, in order
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
	Person   int // the same number for the same person
	Day      int
	Preset   Preset
	Presence []derive.Span
}

// Counted is what is kept of days.
type Counted struct {
	Days     []AppDay // each once
	Sessions []SessionDay
	Shared   []SharedPerson
	Curves   []Node
}

// Count counts the days of these sessions, of which the stays are all. It sorts these.
func Count(sessions []Session, stays []Stay) Counted {
	c := Counted{Sessions: sessionDays(sessions), Shared: sharedPeople(sessions, stays)}
	c.curves(sessions)
	return c
}

const day derive.Time = 24 * 60 * 60 * 1e6

// startOf gives when a day begins.
func startOf(d int) derive.Time { return derive.Time(d) * day }

// AppDay is a day of an app.
type AppDay struct {
	App string
	Day int
}

package derive

import (
	"math"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Time is a moment in microseconds since 2000-01-01 UTC, as Postgres counts.
type Time = int64

// None is no moment: a null.
const None Time = math.MinInt64

// Lengths in microseconds.
const (
	hour Time = 3600e6
	day  Time = 24 * hour
	// A presence that is longer, or further outside of its session than a day, is cut:
	// one absurd time must not make rows for years.
	longest = 744 * hour
)

// Session is a session that has ended, and not before it began. No record of it is missing, and none is
// marked as removed.
type Session struct {
	StartsAt, EndsAt Time // neither is None
	Repaired         bool
	Identity         Identity
	Zone             *Zone // has the days from the one before [Reach] to the second after it
	Participants     []Participant
	Events           []Event
}

// Reach gives the first and last UTC day on which a presence of a session may be: it is cut
// a day before the one of its ends and a day after the other.
func Reach(startsAt, endsAt Time) (first, last int) {
	return DayOf(min(startsAt, endsAt) - day), DayOf(max(startsAt, endsAt) + day)
}

// Participant is a participant of the session. Texts are empty for null.
type Participant struct {
	ID                             model.UUID
	UserID, CustomID, Name, Preset string
	JoinedAt, LeftAt               Time // None for null
	HasMinutes                     bool // whether the vendor counts more than 0
	Repaired                       bool
}

// Event is a peer event.
type Event struct {
	Participant int    // its index
	Move        int    // 1 for a joining, -1 for a leaving, else 0
	Peer        string // empty where that is the participant itself, or not known
	ViewType    string // empty for null
	At          Time   // None for null
	Repaired    bool
}

// Derived is what is kept of a session. Times are never None.
type Derived struct {
	Presences []Presence // by participant and number
	People    []Person   // by person, in the order of bytes
	Pieces    []Piece    // by person, day and number
	Figures   Figures
}

// From derives. It changes the order of the session's events.
func From(s *Session) *Derived {
	moments := momentsOf(s.Events)
	d := &Derived{Presences: presencesOf(s, moments)}
	var shared int
	d.People, d.Pieces, shared = peopleOf(s, d.Presences)
	d.Figures = figuresOf(s, moments, d)
	d.Figures.SharedIDs = shared
	return d
}

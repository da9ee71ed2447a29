package usage

import (
	"cmp"
	"slices"

	"github.com/rollcall-etl/rollcall/internal/derive"
)

// SessionDay is a row of analytics.session_dates: what a session adds to a day.
type SessionDay struct {
	AppDay

	Session                     int // which of the sessions
	IsStart                     bool
	People, Participants        int
	PersonTime, ParticipantTime derive.Time
	Presets                     []PresetDay // by name and view type, nulls last
	Steps                       []Step      // by how many more are inside at each moment
}

// SessionDays gives what each session adds to each of its days. It takes their curves.
func SessionDays(sessions []*Session) (all []SessionDay) {
	for n, s := range sessions {
		for _, day := range s.Dates() {
			d := SessionDay{AppDay: s.on(day), Session: n, IsStart: day == s.Start, Steps: stepsOn(s.Curve, s.on(day))}
			for _, whole := range s.Days {
				if whole.Day == day {
					d.People, d.PersonTime = whole.People, whole.Present
				}
			}
			d.presets(s.Presets)
			all = append(all, d)
		}
		s.Curve = nil // the days have it now
	}
	return all
}

func (s *Session) on(day int) AppDay { return AppDay{s.App, day, s.Zone} }

// Dates gives the days on which somebody was inside, and the one on which the session began.
func (s *Session) Dates() []int {
	var days []int
	for i := range s.Presets {
		days = append(days, s.Presets[i].Day)
	}
	if s.Start != NoDay {
		days = append(days, s.Start)
	}
	slices.Sort(days)
	return slices.Compact(days)
}

func (d *SessionDay) presets(all []PresetDay) {
	for i := range all {
		if all[i].Day == d.Day {
			d.Presets = append(d.Presets, all[i])
			d.Participants += all[i].Participants
			d.ParticipantTime += all[i].ParticipantTime
		}
	}
	slices.SortStableFunc(d.Presets, func(a, b PresetDay) int { return comparePresets(a.Preset, b.Preset) })
}

func comparePresets(a, b Preset) int {
	return cmp.Or(compareTexts(a.Name, b.Name), compareTexts(a.ViewType, b.ViewType))
}

// compareTexts orders by bytes, as collation "C" does, null last.
func compareTexts(a, b Text) int {
	if a.Valid != b.Valid {
		if a.Valid {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.String, b.String)
}

// stepsOn gives the changes of a curve on a day. At its start those come who are inside already.
func stepsOn(curve []Step, d AppDay) []Step {
	from, to := d.start(), d.end()
	first, end := before(curve, from), before(curve, to)
	steps := make([]Step, 0, end-first+1)
	var last Step
	add := func(s Step) {
		if s.People != last.People || s.Participants != last.Participants {
			steps = append(steps, Step{s.At, s.People - last.People, s.Participants - last.Participants})
		}
		last = s
	}
	if first > 0 && (first == len(curve) || curve[first].At > from) {
		add(Step{from, curve[first-1].People, curve[first-1].Participants})
	}
	for _, s := range curve[first:end] {
		add(s)
	}
	return steps
}

// DayOf gives the day of a moment at which somebody was inside, one of Dates.
func (s *Session) DayOf(at derive.Time) int { return s.Zone.DayOf(at) }

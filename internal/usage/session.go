package usage

import (
	"cmp"
	"slices"

	"github.com/rollcall-etl/rollcall/internal/derive"
)

// SessionDay is a row of analytics.session_dates: what a session adds to a day.
type SessionDay struct {
	Session, Day                int
	IsStart                     bool
	People, Participants        int
	PersonTime, ParticipantTime derive.Time
	Presets                     []PresetDay   // by name and view type, nulls last
	Steps                       []derive.Step // by how many more are inside at each moment
}

func sessionDays(sessions []Session) []SessionDay {
	var all []SessionDay
	for n := range sessions {
		s := &sessions[n]
		for _, d := range s.Dates() {
			at := SessionDay{Session: n, Day: d, IsStart: d == s.Start, Steps: stepsOn(s.Curve, d)}
			for _, whole := range s.Days {
				if whole.Day == d {
					at.People, at.PersonTime = whole.People, whole.Present
				}
			}
			at.presets(s.Presets)
			all = append(all, at)
		}
	}
	return all
}

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
func stepsOn(curve []derive.Step, d int) []derive.Step {
	from, to := startOf(d), startOf(d+1)
	first, found := slices.BinarySearchFunc(curve, from, func(s derive.Step, at derive.Time) int { return cmp.Compare(s.At, at) })
	var before derive.Step
	var steps []derive.Step
	if !found && first > 0 {
		if before = curve[first-1]; before.People != 0 || before.Participants != 0 {
			steps = append(steps, derive.Step{At: from, People: before.People, Participants: before.Participants})
		}
	}
	for _, s := range curve[first:] {
		if s.At >= to {
			break
		}
		if s.People != before.People || s.Participants != before.Participants {
			steps = append(steps, derive.Step{At: s.At, People: s.People - before.People, Participants: s.Participants - before.Participants})
		}
		before = s
	}
	return steps
}

package derive

import (
	"cmp"
	"slices"
)

// Day is what a session adds to a day of its zone, counted from 2000-01-01.
type Day struct {
	Day, People int
	Present     Time // summed over people
}

// PresetDay is what it adds to a preset on a day.
type PresetDay struct {
	Day                         int
	Preset, ViewType            string // empty for null
	People, Participants        int
	PersonTime, ParticipantTime Time
}

func daysOf(s *Session, d *Derived) ([]Day, []PresetDay) {
	var days []Day
	var presets []PresetDay
	pieces := d.Pieces
	for i := range d.People {
		p := &d.People[i]
		if !p.Split {
			days = append(days, Day{s.Zone.DayOf(p.FirstJoinAt), 1, p.Present})
			presets = append(presets, PresetDay{Day: s.Zone.DayOf(p.FirstJoinAt), Preset: p.Preset, ViewType: p.ViewType, People: 1, PersonTime: p.Present})
			continue
		}
		n := 0
		for n < len(pieces) && pieces[n].PersonID == p.ID {
			n++
		}
		days = append(days, daysOfPieces(pieces[:n])...)
		for k := range pieces[:n] {
			c := &pieces[k]
			presets = append(presets, PresetDay{Day: c.Day, Preset: c.Preset, ViewType: c.ViewType, People: 1, PersonTime: length(c.Presence)})
		}
		pieces = pieces[n:]
	}
	return sumDays(days), sumPresets(append(presets, deviceDays(s, d.Presences)...))
}

// daysOfPieces gives the days of one person; each microsecond counts once, whatever
// presets there were.
func daysOfPieces(pieces []Piece) (days []Day) {
	var spans []Span
	for i := range pieces {
		spans = append(spans, pieces[i].Presence...)
		if i+1 < len(pieces) && pieces[i+1].Day == pieces[i].Day {
			continue
		}
		days = append(days, Day{pieces[i].Day, 1, length(Merged(spans))})
		spans = spans[:0]
	}
	return days
}

// deviceDays gives the days of participants. Presences of one are together.
func deviceDays(s *Session, presences []Presence) (all []PresetDay) {
	begin := 0
	for i := range presences {
		p := &presences[i]
		if p.Number == 1 {
			begin = len(all)
		}
		s.Zone.pieces(p, func(day int, part Span) {
			inside := part.End - part.Start
			if k := slices.IndexFunc(all[begin:], func(d PresetDay) bool { return d.Day == day }); k >= 0 {
				all[begin+k].ParticipantTime += inside
				return
			}
			all = append(all, PresetDay{Day: day, Preset: s.Participants[p.Participant].Preset, ViewType: p.ViewType, Participants: 1, ParticipantTime: inside})
		})
	}
	return all
}

func sumDays(days []Day) []Day {
	slices.SortFunc(days, func(a, b Day) int { return cmp.Compare(a.Day, b.Day) })
	sums := days[:0]
	for _, d := range days {
		if n := len(sums); n > 0 && sums[n-1].Day == d.Day {
			sums[n-1].People += d.People
			sums[n-1].Present += d.Present
			continue
		}
		sums = append(sums, d)
	}
	return sums
}

func sumPresets(presets []PresetDay) []PresetDay {
	slices.SortFunc(presets, func(a, b PresetDay) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), nullsLast(a.Preset, b.Preset), nullsLast(a.ViewType, b.ViewType))
	})
	sums := presets[:0]
	for _, p := range presets {
		n := len(sums)
		if n == 0 || sums[n-1].Day != p.Day || sums[n-1].Preset != p.Preset || sums[n-1].ViewType != p.ViewType {
			sums = append(sums, p)
			continue
		}
		last := &sums[n-1]
		last.People, last.Participants = last.People+p.People, last.Participants+p.Participants
		last.PersonTime, last.ParticipantTime = last.PersonTime+p.PersonTime, last.ParticipantTime+p.ParticipantTime
	}
	return sums
}

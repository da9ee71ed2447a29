package usage

import (
	"cmp"
	"slices"

	"github.com/rollcall-etl/rollcall/internal/derive"
)

// SharedPerson is a row of analytics.shared_person_days: by how much the sums of the
// sessions of a day are too high, since a person was in several of them.
type SharedPerson struct {
	AppDay

	Person  string
	Extra   int // sessions but one
	Time    derive.Time
	Presets []PresetShare // by name and view type, nulls last
	Steps   []Step        // of people alone, before the end of the day
}

// PresetShare is by how much those of a preset are.
type PresetShare struct {
	Preset
	People int
	Time   derive.Time
}

// shared looks at one person's stays of a day, session by session.
func shared(day AppDay, stays []Stay) (SharedPerson, bool) {
	sessions, onePreset := 0, true
	var spans []derive.Span
	for i := 0; i < len(stays); {
		sessions++
		n := i + 1
		for n < len(stays) && stays[n].Session == stays[i].Session {
			n++
		}
		spans = append(spans, within(stays[i:n])...)
		i = n
	}
	if sessions == 1 {
		return SharedPerson{}, false
	}
	for i := range stays {
		onePreset = onePreset && stays[i].Preset == stays[0].Preset
	}
	steps, time := surplus(spans)
	p := SharedPerson{Extra: sessions - 1, Time: time, Steps: slices.Clone(steps[:before(steps, day.end())])} // which may be few of many
	if onePreset {
		p.Presets = []PresetShare{{*stays[0].Preset, sessions - 1, time}}
	} else {
		p.Presets = byPreset(stays)
	}
	return p, true
}

// within gives a person's time in one session, each microsecond once.
func within(stays []Stay) []derive.Span {
	if len(stays) == 1 {
		return stays[0].Presence
	}
	var spans []derive.Span
	for i := range stays {
		spans = append(spans, stays[i].Presence...)
	}
	return derive.Merged(spans)
}

// byPreset merges a person's time by each of several presets.
func byPreset(stays []Stay) []PresetShare {
	stays = slices.Clone(stays)
	slices.SortFunc(stays, func(a, b Stay) int { return comparePresets(*a.Preset, *b.Preset) })
	var shares []PresetShare
	for len(stays) > 0 {
		n := 1
		spans := slices.Clone(stays[0].Presence)
		for ; n < len(stays) && stays[n].Preset == stays[0].Preset; n++ {
			spans = append(spans, stays[n].Presence...)
		}
		if n > 1 {
			_, time := surplus(spans)
			shares = append(shares, PresetShare{*stays[0].Preset, n - 1, time})
		}
		stays = stays[n:]
	}
	return shares
}

// surplus tells how many times too often a person is counted who is in several spans at once:
// n-1 times where n spans hold a moment. It gives the changes that take this off the count
// of people, in order of time, and the surplus summed up over time.
func surplus(spans []derive.Span) (steps []Step, time derive.Time) {
	moves := make([]Step, 0, 2*len(spans))
	for _, s := range spans {
		moves = append(moves, Step{At: s.Start, People: 1}, Step{At: s.End, People: -1})
	}
	slices.SortFunc(moves, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	steps = moves[:0]
	depth := int32(0)
	for i := 0; i < len(moves); {
		at, before := moves[i].At, depth
		for ; i < len(moves) && moves[i].At == at; i++ {
			depth += moves[i].People
		}
		if less := max(before-1, 0) - max(depth-1, 0); less != 0 {
			steps = append(steps, Step{At: at, People: less})
			time += derive.Time(less) * at
		}
	}
	return steps, time
}

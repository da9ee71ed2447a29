package derive

import (
	"cmp"
	"slices"
)

// Span is a time from Start, inclusive, to End, exclusive.
type Span struct{ Start, End Time }

// Merged gives spans as Postgres' range_agg does: in order, without empty ones, and
// those that overlap or touch as one. It works in place.
func Merged(spans []Span) []Span {
	spans = slices.DeleteFunc(spans, func(s Span) bool { return s.Start >= s.End })
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	whole := spans[:0]
	for _, s := range spans {
		if n := len(whole); n > 0 && s.Start <= whole[n-1].End {
			whole[n-1].End = max(whole[n-1].End, s.End)
			continue
		}
		whole = append(whole, s)
	}
	return whole
}

// length gives how long spans are together.
func length(spans []Span) (sum Time) {
	for _, s := range spans {
		sum += s.End - s.Start
	}
	return sum
}

// DayOf gives the UTC day of a moment, counted from 2000-01-01.
func DayOf(t Time) int {
	if t < 0 {
		return int((t - day + 1) / day)
	}
	return int(t / day)
}

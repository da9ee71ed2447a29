package derive

// Zone tells when days begin that are not those of UTC, counted from 2000-01-01. Nil is UTC.
type Zone struct{ Starts map[int]Time }

// Start gives when a day begins, which is one of Starts.
func (z *Zone) Start(d int) Time {
	if z == nil {
		return Time(d) * day
	}
	return z.Starts[d]
}

// DayOf gives the day of a moment, where Starts has it and the next.
func (z *Zone) DayOf(t Time) int {
	if z == nil {
		return DayOf(t)
	}
	first := DayOf(t) - 1 // no clock is further from UTC
	for d := first; d < first+2; d++ {
		if end, known := z.Starts[d+1]; known && t < end {
			return d
		}
	}
	return first + 2
}

// days gives the first and last day of a presence. Its end is exclusive.
func (z *Zone) days(p *Presence) (first, last int) {
	return z.DayOf(p.JoinedAt), z.DayOf(max(p.JoinedAt, p.LeftAt-1))
}

// pieces gives the days of a presence and how much of it is on each. A day that was left out,
// as on an island that crossed the date line, has nothing.
func (z *Zone) pieces(p *Presence, each func(day int, part Span)) {
	first, last := z.days(p)
	for d := first; d <= last; d++ {
		if start, end := z.Start(d), z.Start(d+1); start < end {
			each(d, Span{max(p.JoinedAt, start), min(p.LeftAt, end)})
		}
	}
}

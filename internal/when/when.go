// Package when reads points in time and durations as people write them: one grammar
// for every flag and variable.
//
//	2026-01-31            a day, UTC
//	2026-01-31T09:00:00Z  a time
//	today, yesterday      a day, UTC
//	3d, 2w                the day that many days or weeks ago, UTC
//	36h, 90m              the time that long ago
//
// A duration is written like the last two; units may follow one another, as in 1d12h.
package when

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Durations says what a duration may look like.
const Durations = "a duration such as 90s, 15m, 36h, 3d or 2w"

const day = 24 * time.Hour

// long matches the units that time.ParseDuration does not know.
var long = regexp.MustCompile(`^(?:(\d+)w)?(?:(\d+)d)?`)

// Duration reads a duration: weeks and days of 24 hours, and what
// [time.ParseDuration] takes, in this order. It may be negative.
func Duration(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is not %s", text, Durations)
	rest, negative := strings.CutPrefix(strings.TrimSpace(text), "-")
	parts := long.FindStringSubmatch(rest)
	rest = rest[len(parts[0]):]
	var sum time.Duration
	for i, unit := range []time.Duration{7 * day, day} {
		if parts[i+1] == "" {
			continue
		}
		n, err := strconv.ParseInt(parts[i+1], 10, 64)
		if err != nil || n > (math.MaxInt64-int64(sum))/int64(unit) {
			return 0, fmt.Errorf("%q is longer than 292 years", text)
		}
		sum += time.Duration(n) * unit
	}
	if rest == "" && parts[0] != "" {
		rest = "0"
	}
	if _, err := strconv.ParseFloat(rest, 64); err == nil && rest != "0" {
		return 0, fmt.Errorf("missing unit in duration %q: use one such as 90s, 15m, 36h, 3d or 2w", text)
	}
	short, err := time.ParseDuration(rest)
	if err != nil || short < 0 || strings.HasPrefix(rest, "+") {
		return 0, wrong
	}
	if short > math.MaxInt64-sum {
		return 0, fmt.Errorf("%q is longer than 292 years", text)
	}
	if negative {
		return -(sum + short), nil
	}
	return sum + short, nil
}

// Point is a day or a time. Where it was given as so long ago, it has its place only
// once somebody says what time it is. The zero value is none.
type Point struct {
	text  string
	at    time.Time     // midnight of a day; not for one that is so long ago
	ago   time.Duration // how long before now, or before the midnight before it
	fixed bool          // at counts, and not ago
	isDay bool
}

// Parse reads a point in time; an empty text is none.
func Parse(text string) (Point, error) {
	p := Point{text: text}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "":
		return Point{}, nil
	case "today":
		p.isDay = true
		return p, nil
	case "yesterday":
		p.isDay, p.ago = true, day
		return p, nil
	}
	var err error
	if p.at, err = time.Parse(time.DateOnly, text); err == nil {
		p.fixed, p.isDay = true, true
		return p, nil
	}
	if p.at, err = time.Parse(time.RFC3339, text); err == nil {
		p.at, p.fixed = p.at.UTC(), true
		return p, nil
	}
	if p.ago, err = Duration(text); err != nil || p.ago < 0 {
		return Point{}, fmt.Errorf("%q is neither a day such as 2026-01-31, today or yesterday, nor a time such as 2026-01-31T09:00:00Z, nor how long ago: 36h, 3d or 2w", text)
	}
	p.isDay = strings.HasSuffix(strings.TrimSpace(text), "d") || strings.HasSuffix(strings.TrimSpace(text), "w")
	return p, nil
}

// ParseDay reads a point in time that is a day.
func ParseDay(text string) (Point, error) {
	p, err := Parse(text)
	if err == nil && text != "" && !p.isDay {
		err = errors.New("a time")
	}
	if err != nil {
		return Point{}, fmt.Errorf("%q is not a day such as 2026-01-31, today, yesterday, or how long ago: 3d or 2w", text)
	}
	return p, nil
}

// IsZero tells whether there is none.
func (p Point) IsZero() bool { return p == Point{} }

// Fixed tells whether the point has its place whatever time it is.
func (p Point) Fixed() bool { return p.fixed || p.IsZero() }

// IsDay tells whether the point is a whole day.
func (p Point) IsDay() bool { return p.isDay }

// String gives the point as it was written.
func (p Point) String() string { return p.text }

// Start gives the time, or the beginning of the day, in UTC; the zero time for none.
func (p Point) Start(now time.Time) time.Time {
	switch {
	case p.IsZero():
		return time.Time{}
	case p.fixed:
		return p.at
	case p.isDay:
		return now.UTC().Truncate(day).Add(-p.ago)
	}
	return now.UTC().Add(-p.ago).Truncate(time.Second)
}

// End gives the time, or the end of the day: a range up to it holds the whole day.
func (p Point) End(now time.Time) time.Time {
	if p.isDay {
		return p.Start(now).Add(day)
	}
	return p.Start(now)
}

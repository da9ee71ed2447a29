package extract

import (
	"math"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// limit is one quota as the answers describe it.
type limit struct {
	Quota     int           `json:"quota,omitempty"`   // calls a window, 0 where not told
	Window    time.Duration `json:"window,omitempty"`  // 0 where not told
	Most      int           `json:"most,omitempty"`    // the most that was ever left, in place of an untold quota
	Unknown   bool          `json:"unknown,omitempty"` // what is left is not known
	Remaining int           `json:"remaining"`         // calls left
	ResetAt   time.Time     `json:"reset_at,omitzero"` // when the window of Remaining ends
}

// unknownWindow stands for a window whose length no header told: two ends of
// windows that lie closer together are taken for the same.
const unknownWindow = 20 * time.Second

// latest gives the end of a wait that an answer asks for, or that is stored: no
// later than model.LongestWait from now. An absurd header, or a time that was noted
// by a clock that was ahead, would else stop everybody who shares the token for
// years, and the exit code would say that nothing is wrong.
func latest(now time.Time, wait time.Duration) time.Time {
	return now.Add(min(wait, model.LongestWait))
}

// note takes one answer's word on what is left, and reports whether it gave
// one. Answers overtake each other: within a window the number only falls, so
// the lowest is the latest. Seconds are rounded up and answers take their time,
// so the earliest end of a window is the nearest to the truth.
func (l *limit) note(item limitItem, now time.Time) bool {
	left, told := item.params["r"]
	rest, timed := item.params["t"]
	resetAt := latest(now, time.Duration(max(rest, 1))*time.Second)
	if !timed {
		resetAt = now.Add(l.Window)
	}
	if !told || !timed && l.Window == 0 {
		return false
	}
	l.Most = max(l.Most, left)
	if !l.Unknown && l.ResetAt.After(now) {
		slack := l.Window / 2
		if slack == 0 {
			slack = unknownWindow / 2
		}
		later := resetAt.Sub(l.ResetAt)
		absurd := l.Window > 0 && l.ResetAt.Sub(now) > l.Window+slack // no window ends so late
		if later < -slack && !absurd {
			return true // overtaken by an answer of a later window
		}
		if later <= slack {
			left = min(left, l.Remaining)
			if later > 0 {
				resetAt = l.ResetAt
			}
		}
	}
	l.Unknown, l.Remaining, l.ResetAt = false, left, resetAt
	return true
}

// reserve gives how many calls of the quota are left to others.
func (l *limit) reserve(share float64) int {
	quota := l.Quota
	if quota == 0 {
		quota = l.Most
	}
	return int(math.Ceil(float64(quota)*share - 1e-9))
}

package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-etl/rollcall/internal/doctor"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// ageCheck is what --max-age finds.
type ageCheck struct {
	OK       bool     `json:"ok"`
	MaxAge   float64  `json:"max_age_seconds"`
	Problems []string `json:"problems"`
}

// judgeAge says what is older than it may be: an app whose sessions were last
// listed to the end too long ago, or never, and a run that takes that long. Apps
// named are looked at and no others; none means all that were ever read.
func judgeAge(o *model.Overview, most time.Duration, named []string) *ageCheck {
	check := &ageCheck{MaxAge: most.Seconds(), Problems: []string{}}
	tell := func(format string, args ...any) {
		check.Problems = append(check.Problems, fmt.Sprintf(format, args...))
	}
	unread := slices.Clone(named)
	looked := 0
	for i := range o.Apps {
		a := &o.Apps[i]
		if len(named) > 0 && !slices.Contains(named, a.ID) {
			continue
		}
		looked++
		unread = slices.DeleteFunc(unread, func(id string) bool { return id == a.ID })
		switch {
		case a.DiscoveredAt == nil:
			tell("app %s was never read to the end", appName(a))
		case a.DiscoveredAt.Sub(o.At) > doctor.ClockTolerance:
			tell("app %s was last read to the end at %s, which has not come yet: the database's clock was wrong then or is now", appName(a), stamp(*a.DiscoveredAt))
		case o.At.Sub(*a.DiscoveredAt) > most:
			tell("app %s was last read to the end %s ago, more than %s", appName(a), ago(o.At.Sub(*a.DiscoveredAt)), inWords(most))
		}
	}
	for _, id := range unread {
		tell("app %s was never read", id)
	}
	if looked == 0 && len(named) == 0 {
		tell("no app was ever read: rollcall run")
	}
	for i := range o.Runs {
		r := &o.Runs[i]
		age := o.At.Sub(r.StartedAt)
		if r.Kind != model.KindRun || r.FinishedAt != nil || age <= most {
			continue
		}
		switch {
		case o.Standby:
			tell("run %d began %s ago and has not ended, as far as this standby knows; more than %s", r.ID, ago(age), inWords(most))
		case r.UnderWay:
			tell("run %d has been under way for %s, more than %s", r.ID, ago(age), inWords(most))
		default:
			tell("run %d was cut off %s ago at most, and none followed", r.ID, ago(age))
		}
	}
	check.OK = len(check.Problems) == 0
	return check
}

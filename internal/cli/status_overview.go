package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// printOverview writes one screen.
func printOverview(s *screen, o *model.Overview) {
	if o.Standby {
		s.put("", "This server is a standby: only the primary knows whether a run that began is under way, and what is left of the API's quota")
	}
	s.put("", "Last runs")
	for i := range o.Runs {
		printRun(s, &o.Runs[i], o)
	}
	printApps(s, o)
	c := o.Sessions
	s.put("Sessions: ", "%d in all; %d settled, %d inside the settle window, %d live", c.Total, c.Settled, c.Settling, c.Live)
	s.put("          ", "%d incomplete, %d failed, %d not read yet, %d gone from the API", c.Incomplete, c.Failed, c.Unread, c.Gone)
	printBacklog(s, o)
	printQueue(s, o)
	printBudget(s, o)
	printProblems(s, o)
	if more := c.Incomplete + c.Failed - int64(len(o.Problems)); more > 0 {
		s.put("  ", "and %d more: SELECT * FROM sync.session_states WHERE last_error IS NOT NULL", more)
	}
	for _, r := range o.Rejected {
		s.put("Set aside: ", "%s; see rollcall rejects list", plural(r.Open, r.Entity+" record"))
	}
	printBackfills(s, o)
}

// printRun writes one run: a line of 80 columns, or three where it does not fit.
func printRun(s *screen, r *model.RunOverview, o *model.Overview) {
	took, status := o.At.Sub(r.StartedAt), r.Status
	if r.FinishedAt != nil {
		took = r.FinishedAt.Sub(r.StartedAt)
	} else if !r.UnderWay && !o.Standby {
		status = "cut off"
	}
	counts := runCounts(r)
	first := fmt.Sprintf("  %-5d %-8s %-9s %s %7s  ", r.ID, r.Kind, status, stamp(r.StartedAt), took.Round(time.Second))
	if s.fits(first + counts) {
		s.put(first, "%s", counts)
	} else {
		s.put("  ", "%d %s %s", r.ID, r.Kind, status)
		s.put("    ", "%s, %s", stamp(r.StartedAt), took.Round(time.Second))
		s.put("    ", "%s", counts)
	}
	if r.Error != nil {
		s.put("        ", "%s", *r.Error)
	}
}

// runCounts tells what a run did. A verification that came to its end and is
// partial found differences.
func runCounts(r *model.RunOverview) string {
	switch {
	case r.Kind != model.KindVerify || r.Listed == nil:
		return plural(r.Sessions, "session") + ", " + plural(r.Rows, "row")
	case r.Status == model.RunPartial && r.Error == nil:
		return fmt.Sprintf("%d compared, some differ", *r.Listed)
	}
	return fmt.Sprintf("%d compared", *r.Listed)
}

func printApps(s *screen, o *model.Overview) {
	for i := range o.Apps {
		a := &o.Apps[i]
		fresh := "never listed to the end"
		if a.DiscoveredAt != nil {
			fresh = "up to date as of " + stamp(*a.DiscoveredAt) + ", " + ago(o.At.Sub(*a.DiscoveredAt)) + " ago"
		}
		s.put("App ", "%s: %s", appName(a), fresh)
		if a.Error != nil {
			s.put("  ", "%s", *a.Error)
		}
	}
}

func appName(a *model.AppOverview) string {
	if a.Name != nil {
		return *a.Name
	}
	return a.ID
}

// ago writes an age: seconds matter only in the first hour.
func ago(age time.Duration) string {
	switch {
	case age >= 48*time.Hour:
		return plural(int64(age/(24*time.Hour)), "day")
	case age >= time.Hour:
		return strings.TrimSuffix(age.Round(time.Minute).String(), "0s")
	}
	return age.Round(time.Second).String()
}

func printBacklog(s *screen, o *model.Overview) {
	b := &o.Backlog
	text := plural(b.Due, "session") + " for the next run"
	if !listedToTheEnd(o) {
		text = "at least " + text // what was not listed is not known
	}
	if b.Waiting > 0 && b.RetryAt != nil {
		text += fmt.Sprintf(", %d more from %s on", b.Waiting, stamp(*b.RetryAt))
	}
	if b.Meetings > 0 {
		text += "; enrolment of " + plural(b.Meetings, "meeting")
	}
	if b.OldestAt != nil {
		text += "; the oldest unfinished session is of " + stamp(*b.OldestAt)
	}
	s.put("Backlog:  ", "%s", text)
}

// printQueue tells of what workers do, where that is a part of the installation.
func printQueue(s *screen, o *model.Overview) {
	q := o.Queue
	if q == nil {
		return
	}
	text := plural(q.Due, "job") + " due"
	if q.OldestAt != nil {
		text += fmt.Sprintf(", of which a session has waited for %s", ago(o.At.Sub(*q.OldestAt)))
	}
	text += fmt.Sprintf("; %d running, %d later, %d failing; ", q.Running, q.Later, q.Failing)
	if q.Workers == 0 {
		text += "no worker is alive: rollcall work reads what is queued"
	} else {
		text += counted(q.Workers, "worker is alive", "workers are alive")
	}
	s.put("Queue:    ", "%s", text)
}

// listedToTheEnd reports whether the latest run came to the end of every app's
// list of sessions.
func listedToTheEnd(o *model.Overview) bool {
	for i := range o.Apps {
		if o.Apps[i].Error != nil || o.Apps[i].DiscoveredAt == nil {
			return false
		}
	}
	latest := slices.IndexFunc(o.Runs, func(r model.RunOverview) bool { return r.Kind == model.KindRun })
	return latest < 0 || o.Runs[latest].Status == model.RunSucceeded || o.Runs[latest].Status == model.RunPartial
}

func printBudget(s *screen, o *model.Overview) {
	b := &o.Budget
	text := fmt.Sprintf("%d in the last hour, %d in 24 hours, in runs that ended", b.Requests1h, b.Requests24h)
	if b.Wait24h >= 1 {
		text += fmt.Sprintf("; they waited %s for the budget", ago(time.Duration(b.Wait24h*float64(time.Second))))
	}
	s.put("Requests: ", "%s", text)
	whose := ""
	if len(b.Tokens) > 1 { // as with several accounts, or a token that was changed
		whose = "a token (of which account, is not in the books): "
	}
	for _, t := range b.Tokens {
		if t.ClosedUntil != nil {
			s.put("          ", "%sthe API asked to wait until %s", whose, stamp(*t.ClosedUntil))
		}
		for _, q := range t.Quotas {
			of := ""
			if q.Calls > 0 {
				of = fmt.Sprintf(" of %d", q.Calls)
			}
			s.put("          ", "%squota %q: %d%s left until %s", whose, q.Name, q.Remaining, of, stamp(q.ResetAt))
		}
		if wait := longestWait(&t, o.At); wait > model.LongWait {
			s.put("          ", "no wait is longer than %s, whatever the API asks for; then one request tries", ago(model.LongestWait))
			s.put("          ", "to end it at once: DELETE FROM sync.request_budgets")
		}
	}
}

// longestWait gives how long nobody may send by what the API said of a token: until
// a time that it named, or until a quota of which at most half is left is full again.
// How much of it belongs to others is up to each run.
func longestWait(t *model.TokenBudget, now time.Time) (wait time.Duration) {
	if t.ClosedUntil != nil {
		wait = t.ClosedUntil.Sub(now)
	}
	for _, q := range t.Quotas {
		if q.Remaining <= q.Calls/2 {
			wait = max(wait, q.ResetAt.Sub(now))
		}
	}
	return wait
}

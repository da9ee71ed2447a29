package worker

import (
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/queue"
)

// How often an app's sessions are listed. Quiet ones cost a request each: with 25 hours
// 3,000 of them and the lists of apps stay below 3,000 requests a day.
const (
	listEvery  = 15 * time.Minute
	listRarely = time.Hour
	listQuiet  = 25 * time.Hour
	quietAfter = 24 * time.Hour // without a webhook
)

// listPause tells when an app is listed next: webhooks that arrive make lists rare, and
// one that did not arrive makes them frequent for a day.
func listPause(a queue.Announced) time.Duration {
	switch {
	case !a.Heard, a.Missed:
		return listEvery
	case a.Since < quietAfter:
		return listRarely
	}
	return listQuiet
}

const (
	livePause  = 15 * time.Minute // of a session that nobody said has ended
	endedPause = 10 * time.Second // of one that somebody said has ended, or that the API does not show yet; it doubles
	wrongPause = 15 * time.Minute // of one that failed or does not add up; it doubles
	wrongMost  = 24 * time.Hour
	wrongLooks = 8           // after which lists ask for it again
	leastPause = time.Minute // before the last look, after the settle window
)

// next tells after how long a session is looked at again; 0 is not at all, until
// somebody asks.
func (t *tour) next(c queue.Claim, look pipeline.Look) time.Duration {
	s, state := &look.Session, look.State
	switch {
	case look.TooOld, !look.Known:
		return 0
	case look.NotYet && c.Looks < wrongLooks:
		return doubled(endedPause, c.Looks, wrongPause)
	case state.Failed, s.Status != model.StatusLive && (!state.Complete || s.Status != model.StatusEnded): // or no record that can be used
		if c.Looks >= wrongLooks {
			return 0
		}
		return doubled(wrongPause, c.Looks, wrongMost)
	case s.Status == model.StatusLive && c.HasEnded:
		return doubled(endedPause, c.Looks, livePause)
	case s.Status == model.StatusLive:
		return livePause
	case !state.Settled:
		return max(s.LastChange().Add(t.cfg.Settle).Sub(look.At), leastPause)
	}
	return 0
}

func doubled(d time.Duration, times int, most time.Duration) time.Duration {
	return min(d<<min(times, 12), most)
}

// Pauses of what is read beside the sessions, where it does not wait for the next list of
// the app: more was left than one job reads, or something failed, which has pauses of its
// own besides.
const (
	morePause   = time.Minute
	failedPause = 15 * time.Minute
	soonPause   = 5 * time.Second // while sessions of the app are read
	// sessionsFirst is how long the optional reads of an app wait for its sessions.
	sessionsFirst = 10 * time.Minute
)

// optionalPause tells after how long the optional reads of an app go on; 0 is with the
// next list.
func optionalPause(r pipeline.OptionalResult) time.Duration {
	switch {
	case r.Failures+r.MeetingsWaiting > 0:
		return failedPause
	case r.More:
		return morePause
	}
	return 0
}

// unheard gives since when no webhook told of an app whose webhooks arrive and that is
// quiet; zero for others.
func unheard(a queue.Announced, now time.Time) time.Time {
	if !a.Heard || a.Missed || a.Since < quietAfter {
		return time.Time{}
	}
	return now.Add(-a.Since)
}

// appsPause is how long the list of apps is left alone: it costs about 48 requests a day,
// however many apps there are. A page has a hundred.
func appsPause(apps int) time.Duration {
	const perPage, pause = 100, 30 * time.Minute
	return pause * time.Duration(1+max(apps-1, 0)/perPage)
}

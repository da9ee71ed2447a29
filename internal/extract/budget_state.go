package extract

import (
	"net/http"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// budgetState is what all senders that share a token know together. The zero
// value has spent nothing. Its fields are written for the encoder of a shared
// state.
type budgetState struct {
	// FullAt is when the token bucket would be full again (the theoretical
	// arrival time of the generic cell rate algorithm, ITU-T I.371).
	FullAt time.Time `json:"full_at,omitzero"`
	// ClosedUntil is when Retry-After lets anybody send again.
	ClosedUntil time.Time `json:"closed_until,omitzero"`
	// Cut tells that a longer wait was asked for: after ClosedUntil one request
	// finds out whether it still is.
	Cut bool `json:"cut,omitempty"`
	// Refused is the row of answers that refused a request and told no time, nil where the
	// last one did not.
	Refused *refusals `json:"refused,omitempty"`
	// Probed turns true with the first answer: before it, one request at a time
	// finds out what is left of the quota.
	Probed bool `json:"probed"`
	// Limits is what the latest answer said of each quota, by its name.
	Limits map[string]*limit `json:"limits,omitempty"`
	// Senders are the processes that have requests in flight.
	Senders map[string]inFlight `json:"senders,omitempty"`
}

// inFlight counts the requests of one process that were not answered yet.
type inFlight struct {
	Requests int       `json:"requests"`
	SeenAt   time.Time `json:"seen_at"`
}

const (
	// countedAfter is how long a sender that says nothing is believed to have
	// requests in flight: the server counts a request when it arrives, and a
	// process that was killed takes no answer. Others may wait so long for it.
	countedAfter = 15 * time.Second
	// othersProbe is how often to look whether another process' probe was
	// answered, which nobody tells this one.
	othersProbe = 50 * time.Millisecond
	// longestPause is how far apart requests may be by the pace alone: the pauses
	// of an ordinary pace are no reason to end a run that may not wait.
	longestPause = time.Minute
	// lateness is how late a sender may come to its turn, by a slow timer or a slow store, and
	// the senders after it still make up for it. Whoever comes later was idle: that time is
	// lost.
	lateness = time.Second
	// usedShare is how much of its part of a quota the pace aims at. The rest
	// takes up what uneven latencies push from one window into the next.
	usedShare = 0.97
)

// close lets nobody send for a time.
func (s *budgetState) close(now time.Time, wait time.Duration) {
	if until := latest(now, wait); until.After(s.ClosedUntil) {
		s.ClosedUntil, s.Cut = until, wait > model.LongestWait
	}
}

// mend bounds what is stored of the future. It was written by the same clock, so
// that only a clock that was set back, or an older version of the program, leaves
// times there that lie further ahead than anything writes.
func (s *budgetState) mend(cfg *BudgetConfig, now time.Time) {
	if wait := s.ClosedUntil.Sub(now); wait > model.LongestWait {
		s.ClosedUntil, s.Cut = latest(now, wait), true
	}
	for _, l := range s.Limits {
		if wait := l.ResetAt.Sub(now); wait > model.LongestWait {
			l.ResetAt = latest(now, wait)
		}
		l.Window = min(l.Window, model.LongestWait)
	}
	// No answer asks for a time when the bucket is full: one that lies further ahead than the
	// pace itself makes it begins anew.
	interval, depth := s.interval(cfg)
	if s.FullAt.Sub(now) > max(longestPause, 2*interval+depth) {
		s.FullAt = now
	}
}

// admit counts one request of the sender as in flight and gives 0, or says how
// long to wait. An error says that the wait is longer than allowed.
func (s *budgetState) admit(cfg *BudgetConfig, sender string, now time.Time) (time.Duration, error) {
	s.mend(cfg, now)
	out := s.inFlight(now)
	until := s.openAt(cfg, out, now)
	if !s.Probed && out > 0 {
		if s.Senders[sender].Requests == out {
			return time.Hour, nil // an answer comes before
		}
		return othersProbe, nil
	}
	if wait := until.Sub(now); wait > 0 {
		if wait > cfg.MaxWait {
			return wait, cfg.spent(wait)
		}
		if r := s.Refused; r != nil && r.Several && until.Equal(s.ClosedUntil) && until.Sub(r.Since) > cfg.MaxWait {
			return wait, cfg.refused(wait, until.Sub(r.Since))
		}
		return wait, nil
	}
	interval, depth := s.interval(cfg)
	if s.FullAt.Before(now.Add(-lateness)) {
		s.FullAt = now
	}
	if wait := s.FullAt.Sub(now) - depth; wait > 0 {
		if wait > max(cfg.MaxWait, longestPause) {
			return wait, cfg.spent(wait)
		}
		return wait, nil
	}
	s.FullAt = s.FullAt.Add(interval)
	s.count(sender, 1, now)
	return 0, nil
}

// interval gives how far apart requests are by the pace, and how far the bucket lets
// them run ahead of it.
func (s *budgetState) interval(cfg *BudgetConfig) (interval, depth time.Duration) {
	pace := s.pace(cfg)
	interval = time.Duration(float64(time.Second) / pace)
	return interval, time.Duration(burst(pace)-1) * interval
}

// burst gives the depth of the token bucket: one request, or what falls due
// within the hundredth of a second by which a timer may be late.
func burst(pace float64) int { return int(min(max(pace/100, 1), 1000)) }

func (s *budgetState) count(sender string, change int, now time.Time) {
	if s.Senders == nil {
		s.Senders = make(map[string]inFlight, 1)
	}
	n := s.Senders[sender].Requests + change
	if n <= 0 {
		delete(s.Senders, sender)
		return
	}
	s.Senders[sender] = inFlight{n, now}
}

// inFlight counts the requests that may not have been counted by the server yet. Those of
// a sender that says nothing any more are taken for counted.
func (s *budgetState) inFlight(now time.Time) int {
	sum := 0
	for name, of := range s.Senders {
		if now.Sub(of.SeenAt).Abs() > countedAfter { // in the future: the clock was set back
			delete(s.Senders, name)
			for _, l := range s.Limits {
				l.Remaining = max(l.Remaining-of.Requests, 0)
			}
			continue
		}
		sum += of.Requests
	}
	return sum
}

// openAt gives the time from which a request may be sent: after Retry-After,
// and not while what is left of a quota belongs to others.
func (s *budgetState) openAt(cfg *BudgetConfig, inFlight int, now time.Time) time.Time {
	open := s.ClosedUntil
	if s.Cut && !open.After(now) {
		s.Cut = false
		s.Probed = s.Probed && inFlight > 0
	}
	for _, l := range s.Limits {
		if l.Unknown {
			continue
		}
		if !l.ResetAt.After(now) { // a new window began: probe what is left of it
			l.Unknown = true
			s.Probed = s.Probed && inFlight > 0
			continue
		}
		if l.Remaining-inFlight <= l.reserve(cfg.QuotaShare) && l.ResetAt.After(open) {
			open = l.ResetAt
		}
	}
	return open
}

// done takes note of an answer; headers is nil where none came.
func (s *budgetState) done(sender string, headers http.Header, now time.Time) {
	s.count(sender, -1, now)
	s.Probed = s.Probed || headers != nil
	if headers != nil && !s.ClosedUntil.After(now) {
		s.Refused = nil
	}
	for _, item := range parseLimits(headers.Values("Ratelimit-Policy")) {
		l := s.limit(item.name)
		l.Quota, l.Window = item.params["q"], min(time.Duration(item.params["w"])*time.Second, model.LongestWait)
	}
	told := make(map[*limit]bool, 1)
	for _, item := range parseLimits(headers.Values("Ratelimit")) {
		l := s.limit(item.name)
		told[l] = l.note(item, now)
	}
	for _, l := range s.Limits {
		if !told[l] && l.Remaining > 0 {
			l.Remaining-- // a call without an answer may have been counted all the same
		}
	}
}

// pace gives the requests a second that the configuration and the quotas allow.
func (s *budgetState) pace(cfg *BudgetConfig) float64 {
	pace := cfg.PerSecond
	for _, l := range s.Limits {
		if l.Quota > 0 && l.Window > 0 {
			mine := max(float64(l.Quota-l.reserve(cfg.QuotaShare))*usedShare, 1)
			pace = min(pace, mine/l.Window.Seconds())
		}
	}
	return pace
}

// limit gives the limit of a name, a new one where there is none. A server that
// invents names without end does not fill the memory.
func (s *budgetState) limit(name string) *limit {
	l := s.Limits[name]
	if l == nil {
		l = &limit{Unknown: true}
		if s.Limits == nil {
			s.Limits = make(map[string]*limit, 1)
		}
		if len(s.Limits) < maxLimits {
			s.Limits[name] = l
		}
	}
	return l
}

// maxLimits is how many quotas are kept; Cloudflare documents one or two.
const maxLimits = 16

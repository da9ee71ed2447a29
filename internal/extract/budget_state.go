package extract

import (
	"net/http"
	"time"
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
	// process that was killed takes no answer.
	countedAfter = time.Minute
	// othersProbe is how often to look whether another process' probe was
	// answered, which nobody tells this one.
	othersProbe = 50 * time.Millisecond
	// longestPause is how far apart requests may be by the pace alone: the pauses
	// of an ordinary pace are no reason to end a run that may not wait.
	longestPause = time.Minute
	// usedShare is how much of its part of a quota the pace aims at. The rest
	// takes up what uneven latencies push from one window into the next.
	usedShare = 0.97
)

// close lets nobody send before a time.
func (s *budgetState) close(until time.Time) {
	if until.After(s.ClosedUntil) {
		s.ClosedUntil = until
	}
}

// admit counts one request of the sender as in flight and gives 0, or says how
// long to wait. An error says that the wait is longer than allowed.
func (s *budgetState) admit(cfg *BudgetConfig, sender string, now time.Time) (time.Duration, error) {
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
			return 0, cfg.spent(wait)
		}
		return wait, nil
	}
	pace := s.pace(cfg)
	interval := time.Duration(float64(time.Second) / pace)
	depth := time.Duration(burst(pace)-1) * interval
	if s.FullAt.Before(now) {
		s.FullAt = now
	}
	if wait := s.FullAt.Sub(now) - depth; wait > 0 {
		if wait > max(cfg.MaxWait, longestPause) {
			return 0, cfg.spent(wait)
		}
		return wait, nil
	}
	s.FullAt = s.FullAt.Add(interval)
	s.count(sender, 1, now)
	return 0, nil
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

// inFlight counts the requests that may not have been counted by the server yet.
func (s *budgetState) inFlight(now time.Time) int {
	sum := 0
	for name, of := range s.Senders {
		if now.Sub(of.SeenAt) > countedAfter {
			delete(s.Senders, name)
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
	for _, item := range parseLimits(headers.Values("Ratelimit-Policy")) {
		l := s.limit(item.name)
		l.Quota, l.Window = item.params["q"], time.Duration(item.params["w"])*time.Second
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

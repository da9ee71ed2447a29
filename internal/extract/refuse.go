package extract

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const (
	// firstUntold is the wait after an answer that refuses a request (429) and does not tell
	// for how long. Each further one in a row doubles it.
	firstUntold = time.Second
	// longestUntold is how long Cloudflare refuses all calls once the quota is exceeded.
	longestUntold = 5 * time.Minute
)

// refusals are answers in a row that refused a request (429) and told no time.
type refusals struct {
	Since   time.Time `json:"since"`
	Times   int       `json:"times"`
	First   uint64    `json:"first"`             // what was asked for, as a hash
	Several bool      `json:"several,omitempty"` // other things were refused too: it is not the fault of the first
}

// refuse lets nobody send for a while, and then one request to find out. Those that were
// under way when the first was refused make the wait no longer.
func (s *budgetState) refuse(path string, now time.Time) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(path)) // never fails
	if s.Refused == nil || now.Sub(s.ClosedUntil) > longestUntold {
		s.Refused = &refusals{Since: now, First: hash.Sum64()}
	}
	r := s.Refused
	r.Several = r.Several || r.First != hash.Sum64()
	if s.ClosedUntil.After(now) {
		return
	}
	wait := min(firstUntold<<min(r.Times, 10), longestUntold)
	r.Times++
	s.ClosedUntil, s.Cut = now.Add(wait), true
}

// refused gives the error of requests that the API refuses for longer than MaxWait. It is for
// refusals of several things: a request for the only thing that is refused gives up by itself,
// and the others go on.
func (c *BudgetConfig) refused(wait, since time.Duration) error {
	return &model.BudgetError{Wait: wait, Text: fmt.Sprintf("the API refuses requests (429) and does not say for how long: the next may be sent in %s, %s after the first that it refused, longer than the %s that ROLLCALL_MAX_WAIT allows",
		wait.Round(time.Second), since.Round(time.Second), c.MaxWait)}
}

// tellsWait tells whether an answer says when its quota opens again.
func tellsWait(headers http.Header) bool {
	for _, item := range parseLimits(headers.Values("Ratelimit")) {
		left, told := item.params["r"]
		if _, timed := item.params["t"]; told && timed && left == 0 {
			return true
		}
	}
	return false
}

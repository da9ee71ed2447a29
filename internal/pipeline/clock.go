package pipeline

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// clockTolerance is how far clocks may differ before it is said and counted.
const clockTolerance = 5 * time.Minute

// clocks tell a run the time. The database server's decides, since every machine
// that reads into the warehouse has it in common, and this machine's only goes on
// from there. Where the API's own, by the Date of its answers, differs from it, one
// of the two is wrong: lists then end at the later of them, so that no session is
// hidden, and nothing counts as past before the earlier one says so. The zero value
// of a skew is no difference.
type clocks struct {
	machine func() time.Time
	api     func() (ahead time.Duration, ok bool)

	began  time.Time     // of the run, by this machine's clock
	server time.Duration // how far the server's clock was ahead of it then

	mu   sync.Mutex
	told *time.Duration // how far the API's clock was ahead of it at the first answer; nil before
}

// newClocks begins with what the server has said; api tells how far the API's clock
// is ahead of this machine's, once an answer has come; nil where none is asked.
func newClocks(machine func() time.Time, server time.Duration, api func() (time.Duration, bool)) *clocks {
	if server.Abs() < time.Second {
		server = 0 // the way of its answer
	}
	if api == nil {
		api = func() (time.Duration, bool) { return 0, false }
	}
	return &clocks{machine: machine, api: api, began: machine(), server: server}
}

// now is the present by the server's clock. It goes by the monotonic clock, so that
// a clock that is put right meanwhile does not matter.
func (c *clocks) now() time.Time {
	return c.began.Add(c.server).Add(c.machine().Sub(c.began)).Round(0)
}

// ahead is how far the API's clock is ahead of the server's; 0 while it is not
// known, or no more than can be put up with. The first answer decides for the run.
func (c *clocks) ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told == nil {
		ahead, ok := c.api()
		if !ok {
			return 0
		}
		c.told = &ahead
	}
	if d := *c.told - c.server; d.Abs() > clockTolerance {
		return d
	}
	return 0
}

// latest gives what a time of the server's clock is by the later of the two.
func (c *clocks) latest(t time.Time) time.Time { return t.Add(max(c.ahead(), 0)) }

// earliest gives what a time of the server's clock is by the earlier of the two.
func (c *clocks) earliest(t time.Time) time.Time { return t.Add(min(c.ahead(), 0)) }

// problem says which clock is wrong; empty where they agree.
func (c *clocks) problem() string {
	c.ahead() // learns what the API has told
	return ClockProblem(c.server, c.told)
}

// ClockProblem says which clock is wrong, in a sentence that says what to do; empty
// where they agree to some minutes. It is told how far those of the database server
// and of the API are ahead of this machine's; nil where the API has not told.
func ClockProblem(server time.Duration, told *time.Duration) string {
	far := func(d time.Duration) bool { return d.Abs() > clockTolerance }
	api := server
	if told != nil {
		api = *told
	}
	between := api - server
	var wrong []string
	note := func(what string, d time.Duration, other string) {
		wrong = append(wrong, fmt.Sprintf("%s clock is %s %s %s", what, d.Abs().Round(time.Second), aheadOrBehind(d), other))
	}
	const machine, database, vendor = "this machine's", "the database server's", "the API's"
	switch {
	case far(between):
		if far(server) {
			note(database, server, machine)
		}
		if far(api) {
			note(vendor, api, machine)
		}
	case far(server), far(api):
		note(machine, -server, database)
	}
	if len(wrong) == 0 {
		return ""
	}
	return strings.Join(wrong, ", ") + "; let NTP set the one that is wrong"
}

func aheadOrBehind(d time.Duration) string {
	if d < 0 {
		return "behind"
	}
	return "ahead of"
}

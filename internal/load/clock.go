package load

import (
	"sync"
	"time"
)

// serverClock tells the time of the database server, by which readings of a
// session are put in order: the clocks of the machines that read may differ, or be
// put right in the middle of a run. The zero value is this machine's clock.
type serverClock struct {
	mu     sync.Mutex
	server time.Time // what the server said
	local  time.Time // when that arrived
}

// set takes the server's time as it has just arrived. It is earlier by the way
// from there to here, which makes a reading seem older, never newer.
func (c *serverClock) set(server time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server, c.local = server, time.Now()
}

// now goes by the monotonic clock from there on.
func (c *serverClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server.IsZero() {
		return time.Now()
	}
	return c.server.Add(time.Since(c.local))
}

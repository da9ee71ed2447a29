package warehouse

import (
	"context"
	"sync"
	"time"
)

// serverClock tells the time of the database server, by which readings of a
// session are put in order: the clocks of the machines that read may differ, or be
// put right in the middle of a run. The zero value is this machine's clock.
type serverClock struct {
	mu      sync.Mutex
	machine func() time.Time // nil is time.Now
	server  time.Time        // what the server said
	local   time.Time        // when that arrived
}

func (c *serverClock) here() time.Time {
	if c.machine == nil {
		return time.Now()
	}
	return c.machine()
}

// set takes the server's time as it has just arrived. It is earlier by the way
// from there to here, which makes a reading seem older, never newer.
func (c *serverClock) set(server time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server, c.local = server, c.here()
}

// now goes by the monotonic clock from there on.
func (c *serverClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server.IsZero() {
		return c.here()
	}
	return c.server.Add(c.here().Sub(c.local))
}

// skew is how far the server's clock is ahead of this machine's.
func (c *serverClock) skew() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server.IsZero() {
		return 0
	}
	now := c.here()
	return c.server.Add(now.Sub(c.local)).Sub(now.Round(0))
}

// Clock puts another clock in the place of this machine's; nil is time.Now.
func (d *DB) Clock(machine func() time.Time) { d.clock.machine = machine }

// SetTime takes the server's time as it has just arrived.
func (d *DB) SetTime(server time.Time) { d.clock.set(server) }

// Now is the time by the server's clock, as far as it is known.
func (d *DB) Now() time.Time { return d.clock.now() }

// ServerTime asks the database server for the time.
func (d *DB) ServerTime(ctx context.Context) (time.Time, error) {
	var at time.Time
	if err := d.Pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&at); err != nil {
		return at, Failed("ask the database for the time", err)
	}
	d.clock.set(at)
	return at.UTC(), nil
}

// ClockSkew tells how far the database server's clock is ahead of this machine's:
// by what the server said when a lock was taken, a run begun or the time asked for;
// 0 before the first of these. The way of the answer, milliseconds mostly, makes
// the server seem behind.
func (d *DB) ClockSkew() time.Duration { return d.clock.skew() }

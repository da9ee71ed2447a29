package warehouse

import (
	"testing"
	"time"
)

// Readings are put in order by the server's clock, whatever that of the machine
// says.
func TestServerClock(t *testing.T) {
	t.Parallel()
	var c serverClock
	if before := time.Now(); c.now().Before(before) {
		t.Error("before the server has said anything, this machine's clock holds")
	}
	server := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	c.set(server)
	if got := c.now(); got.Before(server) || got.After(server.Add(time.Minute)) {
		t.Errorf("it is %s by the server that said %s", got, server)
	}
}

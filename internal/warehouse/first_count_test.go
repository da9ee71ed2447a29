package warehouse

import (
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
)

// The accounts of one process may count at once. Afterwards the collector is as before.
func TestCollectorIsAsBefore(t *testing.T) {
	const usual = 100
	defer debug.SetGCPercent(debug.SetGCPercent(usual))
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			err := sparingly(func() error {
				runtime.Gosched() // another one's turn
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := debug.SetGCPercent(usual); got != usual {
		t.Errorf("the collector is left at %d %%, want %d", got, usual)
	}
}

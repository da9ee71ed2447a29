package private

import (
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

// newLock returns the lock of a folder, not yet taken. The file stays when the
// lock is given back: removing it would let two processes lock two files.
func newLock(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o600))
}

func tryLock(lock *flock.Flock) (bool, error) {
	got, err := lock.TryLock()
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	return got, nil
}

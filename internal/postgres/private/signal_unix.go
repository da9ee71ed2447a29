//go:build unix

package private

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// The two ways to stop a server: fast closes all connections and writes a
// checkpoint; immediate leaves crash recovery to the next start.
var (
	fastShutdown      os.Signal = syscall.SIGINT
	immediateShutdown os.Signal = syscall.SIGQUIT
)

// signal sends a signal to a process that is not a child of this one. A process
// that is gone is no error.
func signal(pid int, sig os.Signal) error {
	number, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("signal %v: not one of this system", sig)
	}
	if err := syscall.Kill(pid, number); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal process %d: %w", pid, err)
	}
	return nil
}

// exists reports whether there is a process pid, be it another user's or one
// that has ended but whose parent has not noticed yet.
func exists(pid int) bool {
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

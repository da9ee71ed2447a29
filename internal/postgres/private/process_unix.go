//go:build unix && !linux

package private

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent does nothing: these systems cannot tie a program to its parent.
// The next Start stops a server whose owner is gone.
func dieWithParent(*syscall.SysProcAttr) {}

// commandLine returns the arguments of a live process, or none if there is no
// such process. Arguments with spaces come apart, but those before "-c" are put
// together again, which is all that isServerOf looks at.
func commandLine(ctx context.Context, pid int) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "args=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec // a number
	if _, ended := errors.AsType[*exec.ExitError](err); ended {                                        // ps found no such process
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at process %d: %w", pid, err)
	}
	line := strings.TrimSpace(string(out))
	program, rest, found := strings.Cut(line, " -D ")
	if !found {
		return strings.Fields(line), nil
	}
	data, _, _ := strings.Cut(rest, " -c ")
	return []string{program, "-D", data}, nil
}

package private

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// dieWithParent has the kernel send the server a fast shutdown when the thread
// that started it ends; see startLocked.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }

// commandLine returns the arguments of a live process, or none if there is no
// such process. It works for other users' processes too.
func commandLine(_ context.Context, pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at process %d: %w", pid, err)
	}
	text = bytes.TrimRight(text, "\x00")
	if len(text) == 0 { // a zombie, or a kernel thread
		return nil, nil
	}
	return strings.Split(string(text), "\x00"), nil
}

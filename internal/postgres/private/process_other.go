//go:build !unix

package private

import (
	"context"
	"errors"
	"os"
	"syscall"
)

func dieWithParent(*syscall.SysProcAttr) {}

func commandLine(context.Context, int) ([]string, error) {
	return nil, errors.New("looking at other processes is not supported on this system")
}

var (
	fastShutdown      os.Signal = os.Interrupt
	immediateShutdown os.Signal = os.Kill
)

func signal(int, os.Signal) error {
	return errors.New("signals are not supported on this system")
}

func exists(int) bool { return true }

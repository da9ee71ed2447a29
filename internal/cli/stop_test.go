package cli

import (
	"os"
	"os/signal"
	"slices"
	"syscall"
	"testing"
)

// What nohup protects from the end of a terminal goes on. (Not parallel: it is the
// process that ignores.)
func TestNohupIsObeyed(t *testing.T) {
	if !slices.Contains(stopSignals(), os.Signal(syscall.SIGHUP)) && !signal.Ignored(syscall.SIGHUP) {
		t.Error("the end of a terminal does not end the program in good order")
	}
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	if slices.Contains(stopSignals(), os.Signal(syscall.SIGHUP)) {
		t.Error("a program that was started with nohup would end with its terminal")
	}
}

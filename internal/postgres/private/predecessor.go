package private

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// clearPredecessor deals with what an earlier owner left behind: a server that
// still runs is stopped, a pid file that names something else is removed. The
// lock is held, so no other owner is alive.
func (h *home) clearPredecessor(ctx context.Context) error {
	if _, err := h.root.Lstat(pidFileName); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	file, err := readPidFile(h.root)
	if err != nil {
		return err
	}
	if file.pid == 0 {
		return h.removePidFile(ctx, "it was cut short")
	}
	args, err := commandLine(ctx, file.pid)
	if err != nil {
		return err
	}
	if isServerOf(args, h.data()) {
		return h.stopPredecessor(ctx, file.pid)
	}
	if exists(file.pid) {
		return h.removePidFile(ctx, "its process is another one")
	}
	return nil // the server removes it, after a look for shared memory in use
}

func (h *home) removePidFile(ctx context.Context, why string) error {
	h.log.InfoContext(ctx, "stale pid file of the private Postgres removed", "dir", h.path, "reason", why)
	if err := h.root.Remove(pidFileName); err != nil {
		return fmt.Errorf("remove stale pid file: %w", err)
	}
	return nil
}

// stopPredecessor ends a server that has outlived its owner, cleanly if it can.
func (h *home) stopPredecessor(ctx context.Context, pid int) error {
	h.log.InfoContext(ctx, "stopping a private Postgres whose owner is gone", "dir", h.path, "pid", pid)
	for _, step := range []struct {
		sig  os.Signal
		wait time.Duration
	}{{fastShutdown, stopTimeout}, {immediateShutdown, hardTimeout}} {
		if err := signal(pid, step.sig); err != nil {
			return fmt.Errorf("stop server left by another process: %w", err)
		}
		gone, err := h.awaitGone(ctx, pid, step.wait)
		if gone || err != nil {
			return err
		}
	}
	return fmt.Errorf("a server left by another process does not end: stop process %d by hand", pid)
}

// awaitGone reports whether the server pid ended within the time given.
func (h *home) awaitGone(ctx context.Context, pid int, wait time.Duration) (bool, error) {
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		args, err := commandLine(ctx, pid)
		if err != nil {
			return false, err
		}
		if !isServerOf(args, h.data()) {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("wait for a server left by another process: %w", ctx.Err())
		case <-timeout.C:
			return false, nil
		case <-ticker.C:
		}
	}
}

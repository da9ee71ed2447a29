package private

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

const (
	// retryFor is how long a start is repeated whose failure passes by itself.
	retryFor      = 30 * time.Second
	retryInterval = 100 * time.Millisecond
	readyInterval = 10 * time.Millisecond
	// recoveryNotice is after how long a person is told what is going on.
	recoveryNotice = 5 * time.Second
)

// own runs the server itself. The lock is held; the server gives it back.
func (h *home) own(ctx context.Context, lock *flock.Flock) (*Server, error) {
	if err := h.ensureCluster(ctx); err != nil {
		return nil, err
	}
	if err := h.clearPredecessor(ctx); err != nil {
		return nil, err
	}
	password, err := h.password()
	if err != nil {
		return nil, err
	}
	log, err := h.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close() // the server writes it, not this process
	run, err := h.launch(ctx, log, password)
	if err != nil {
		return nil, err
	}
	server := h.newServer(run.port, password, run.version)
	server.process, server.done = run.process, make(chan struct{})
	go server.watch(context.WithoutCancel(ctx), lock)
	return server, nil
}

// running is a server that accepts connections.
type running struct {
	process *process
	port    int
	version string
}

// launch starts the server, again if the port was taken meanwhile or parts of a
// killed predecessor are not gone yet.
func (h *home) launch(ctx context.Context, log *os.File, password string) (running, error) {
	timer := time.NewTimer(retryFor)
	defer timer.Stop()
	for {
		begin, err := log.Seek(0, io.SeekEnd)
		if err != nil {
			return running{}, fmt.Errorf("server log: %w", err)
		}
		run, err := h.launchOnce(ctx, log, password)
		if err == nil {
			return run, nil
		}
		said, readErr := io.ReadAll(io.NewSectionReader(log, begin, 1<<20))
		err = fmt.Errorf("%w; end of %s:\n%s", errors.Join(err, readErr), filepath.Join(h.path, logName), lastLines(string(said), 15))
		if ctx.Err() != nil || !passesByItself(string(said)) {
			return running{}, err
		}
		select {
		case <-ctx.Done():
			return running{}, err
		case <-timer.C:
			return running{}, err
		case <-time.After(retryInterval):
		}
	}
}

// passesByItself recognises the failures after which a new try may succeed. The
// server speaks English, as its locale is C.
func passesByItself(log string) bool {
	for _, phrase := range []string{
		"Address already in use",                    // somebody else got the port
		"is still in use",                           // shared memory of a killed server's last processes
		`lock file "postmaster.pid" already exists`, // a predecessor about to end
	} {
		if strings.Contains(log, phrase) {
			return true
		}
	}
	return false
}

func (h *home) launchOnce(ctx context.Context, log *os.File, password string) (running, error) {
	port, err := freePort(ctx)
	if err != nil {
		return running{}, err
	}
	// No context ends the server: that is for Stop to do.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(h.programs.Dir, "postgres"), h.serverArgs(port)...) //nolint:gosec // the programs that were looked for
	cmd.Dir, cmd.Env = h.data(), programEnv(h.programs.Dir)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = h.account.sysProcAttr()
	dieWithParent(cmd.SysProcAttr)
	p, err := startLocked(cmd)
	if err != nil {
		return running{}, err
	}
	version, err := h.awaitReady(ctx, p, port, password)
	if err != nil {
		return running{}, errors.Join(err, p.abandon())
	}
	return running{process: p, port: port, version: version}, nil
}

// freePort returns a port that was free a moment ago.
func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err := errors.Join(err, listener.Close()); err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return number, nil
}

// serverArgs is the server's command line. "-D" comes first: isServerOf looks
// for it.
func (h *home) serverArgs(port int) []string {
	settings := []string{
		"listen_addresses=" + host, "port=" + strconv.Itoa(port), "unix_socket_directories=",
		"max_connections=" + strconv.Itoa(h.cfg.MaxConnections), "shared_buffers=128MB",
		"timezone=UTC", "log_timezone=UTC", "password_encryption=scram-sha-256",
		"hba_file=" + filepath.Join(h.data(), "pg_hba.conf"),
		// The log tells how the server fares. What goes wrong with a statement
		// its sender hears; here it would pile up, values of rows and all.
		"log_destination=stderr", "logging_collector=off", "log_min_messages=log",
		"log_checkpoints=off", "log_statement=none", "log_error_verbosity=terse",
	}
	if h.cfg.NoSync {
		settings = append(settings, "fsync=off", "full_page_writes=off", "synchronous_commit=off")
	}
	args := []string{"-D", h.data()}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

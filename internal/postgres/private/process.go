package private

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// process is a server that this process started.
type process struct {
	cmd    *exec.Cmd
	pid    int
	exited chan struct{} // closed when it has ended
	err    error         // how it ended; valid when exited is closed
}

// startLocked starts cmd from an operating system thread that stays for as long
// as the program runs: the kernel sends the signal that ends the server with its
// owner when the thread is gone, and Go may end idle threads.
func startLocked(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		p.err = cmd.Wait()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// signal sends a signal; that the program has ended already is no error.
func (p *process) signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal process %d: %w", p.pid, err)
	}
	return nil
}

// abandon ends a server whose start has failed, and waits until it is gone.
func (p *process) abandon() error {
	if err := p.signal(immediateShutdown); err != nil {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(hardTimeout):
	}
	if err := p.signal(os.Kill); err != nil {
		return err
	}
	<-p.exited
	return nil
}

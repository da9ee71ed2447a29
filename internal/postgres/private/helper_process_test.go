//go:build unix

package private

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// helperVariable makes the test binary a program that starts the cluster in the
// folder the variable names ("default" for none), says what it has, and stops it
// when its input ends.
const helperVariable = "ROLLCALL_TEST_HELPER_DIR"

// report is what such a helper prints.
type report struct {
	URL, Dir, Psql string
	Joined         bool
	Err            string
}

func helperMain() int {
	dir := os.Getenv(helperVariable)
	if dir == "default" {
		dir = ""
	}
	var said report
	server, err := Start(context.Background(), Config{Dir: dir})
	if err != nil {
		said.Err = err.Error()
	} else {
		said = report{URL: server.URL(), Dir: server.Dir(), Psql: server.PsqlCommand(), Joined: server.Joined()}
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil || said.Err != "" {
		return 1
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return 1
	}
	if err := server.Stop(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// helper is a running helper process.
type helper struct {
	report

	cmd   *exec.Cmd
	stdin io.WriteCloser
}

// startHelper runs one as the given user (nil: this one) and waits for its
// report. It is ended by closing its input or by a signal.
func startHelper(t *testing.T, dir string, as *syscall.Credential, env ...string) *helper {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), copyTestBinary(t))
	cmd.Dir = "/"
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), helperVariable + "=" + dir}, env...)
	if named := os.Getenv(BinVariable); named != "" { // or it could have another version than the test
		cmd.Env = append(cmd.Env, BinVariable+"="+named)
	}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := &helper{cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("helper said %q: %v", line, err)
	}
	if err := json.NewDecoder(strings.NewReader(line)).Decode(&h.report); err != nil {
		t.Fatal(err)
	}
	return h
}

// finish lets the helper stop its server and ends it.
func (h *helper) finish(t *testing.T) {
	t.Helper()
	if err := h.stdin.Close(); err != nil {
		t.Error(err)
	}
	if err := h.cmd.Wait(); err != nil {
		t.Errorf("helper: %v", err)
	}
}

// kill ends the helper as the kernel would for want of memory.
func (h *helper) kill(t *testing.T) {
	t.Helper()
	if err := h.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Wait(); err == nil {
		t.Fatal("helper ended cleanly before it was killed")
	}
}

// copyTestBinary puts this program where any user can run it.
func copyTestBinary(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(openDir(t), "helper")
	syscall.ForkLock.RLock() // see writeScript
	defer syscall.ForkLock.RUnlock()
	if err := errors.Join(os.WriteFile(target, program, 0o600), os.Chmod(target, 0o755)); err != nil {
		t.Fatal(err)
	}
	return target
}

package proof_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/postgres/private"
)

// cluster is a PostgreSQL server of a test's own, ready for replicas of both kinds.
type cluster struct {
	t    *testing.T
	bin  string // folder of the server's and the client programs
	data string
	port string
	stop func(syscall.Signal) // ends it, once
}

// superPassword is that of the user postgres of every cluster, and of all others.
const superPassword = "pw"

// newCluster makes and starts a server.
func newCluster(t *testing.T, bin string) *cluster {
	t.Helper()
	c := &cluster{t: t, bin: bin, data: filepath.Join(clusterDir(t), "data")}
	c.init()
	c.start()
	return c
}

// init makes the server's files.
func (c *cluster) init(more ...string) {
	c.t.Helper()
	password := filepath.Join(c.t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(superPassword), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.own(password, filepath.Dir(password), filepath.Dir(filepath.Dir(password)))
	c.program("initdb", append([]string{
		"--pgdata", c.data, "--username=postgres", "--auth=scram-sha-256", "--pwfile", password,
		"--encoding=UTF8", "--locale=C", "--no-sync",
	}, more...)...)
}

// clusterDir makes a folder that the server's user owns.
func clusterDir(t *testing.T) string {
	t.Helper()
	top, err := private.MkdirTemp("rollcall-manual-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(top); err != nil {
			t.Error(err)
		}
	})
	(&cluster{t: t}).own(top)
	return top
}

// start runs the server until the test ends, or until it is stopped.
func (c *cluster) start() {
	c.t.Helper()
	c.port = freePort(c.t)
	log := new(bytes.Buffer)
	cmd := c.command("postgres", "-D", c.data, "-p", c.port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "wal_level=logical")
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	stopped := false
	c.stop = func(how syscall.Signal) {
		if stopped {
			return
		}
		stopped = true
		_ = cmd.Process.Signal(how)
		_ = cmd.Wait()
	}
	c.t.Cleanup(func() { c.stop(syscall.SIGQUIT) })
	waitFor(c.t, c.url("postgres", "postgres"), log)
}

// url gives a connection string; every user has the same password.
func (c *cluster) url(who, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(who, superPassword), Host: "127.0.0.1:" + c.port, Path: database}
	return u.String()
}

func (c *cluster) program(name string, args ...string) {
	c.t.Helper()
	if out, err := c.command(name, args...).CombinedOutput(); err != nil {
		c.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// command is one of the server's programs, run by a user that it accepts.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(c.t.Context()), filepath.Join(c.bin, name), args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: serverUser(c.t)}
	return cmd
}

// own gives files to the server's user.
func (c *cluster) own(paths ...string) {
	c.t.Helper()
	credential := serverUser(c.t)
	for _, path := range paths {
		if credential == nil {
			return
		}
		err := filepath.WalkDir(path, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, int(credential.Uid), int(credential.Gid))
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

// serverUser is who runs servers where this is root, whom they refuse; nil elsewhere.
func serverUser(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		if who, err = user.Lookup("nobody"); err != nil {
			t.Fatal(err)
		}
	}
	var ids [2]uint32
	for i, text := range []string{who.Uid, who.Gid} {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = uint32(id)
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1]}
}

// major gives the major version of the programs in a folder.
func major(t *testing.T, bin string) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	var version int
	if _, err := fmt.Sscanf(strings.TrimPrefix(string(out), "postgres (PostgreSQL) "), "%d", &version); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	return version
}

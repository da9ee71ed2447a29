package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// warehouse is a running demo, and how its reader logs in.
type warehouse struct {
	program, folder string
	demo            *exec.Cmd
	owner, reader   []string // variables of libpq
	dsn             string   // file with the ODBC data source
}

var (
	portPattern     = regexp.MustCompile(`private, on 127\.0\.0\.1:(\d+) `)
	passPattern     = regexp.MustCompile(`PGPASSFILE=(\S+) psql`)
	passwordPattern = regexp.MustCompile(`shown only now: (\S+)`)
)

// startDemo waits until the demo says that its database stays up, and makes the
// role for BI tools as a user would.
func startDemo(ctx context.Context, program, folder string) (*warehouse, error) {
	w := &warehouse{program: program, folder: folder}
	w.demo = w.command(context.WithoutCancel(ctx), "demo", "--keep-running") // stopped by stop
	w.demo.Stderr = os.Stderr
	output, err := w.demo.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := w.demo.Start(); err != nil {
		return nil, err
	}
	if err := w.arrive(ctx, output); err != nil {
		return nil, errors.Join(err, w.stop())
	}
	return w, nil
}

// command is a call of rollcall with nothing of the caller's environment but
// where programs are.
func (w *warehouse) command(ctx context.Context, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, w.program, arguments...)
	c.Dir = w.folder
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.folder, "XDG_DATA_HOME=" + filepath.Join(w.folder, "data")}
	return c
}

func (w *warehouse) arrive(ctx context.Context, output io.Reader) error {
	lines := bufio.NewScanner(output)
	var port, passFile string
	for (port == "" || passFile == "") && lines.Scan() {
		if m := portPattern.FindStringSubmatch(lines.Text()); m != nil {
			port = m[1]
		}
		if m := passPattern.FindStringSubmatch(lines.Text()); m != nil {
			passFile = m[1]
		}
	}
	if passFile == "" {
		return fmt.Errorf("the demo ended before its database stayed up: %w", errors.Join(lines.Err(), ctx.Err()))
	}
	go func() { _, _ = io.Copy(io.Discard, output) }() // an unread pipe would stop the demo
	place := []string{"PGHOST=127.0.0.1", "PGPORT=" + port, "PGDATABASE=rollcall"}
	w.owner = append(w.owner, append(place, "PGUSER=rollcall", "PGPASSFILE="+passFile)...)
	c := w.command(ctx, "reader", "--new-password")
	c.Env = append(c.Env, w.owner...)
	c.Env = append(c.Env, "DATABASE_URL=host=127.0.0.1 port="+port+" dbname=rollcall user=rollcall passfile="+passFile)
	text, err := c.Output()
	m := passwordPattern.FindSubmatch(text)
	if err != nil || m == nil {
		return fmt.Errorf("rollcall reader: %w\n%s", err, text)
	}
	w.reader = append(w.reader, append(place, "PGUSER=rollcall_reader", "PGPASSWORD="+string(m[1]))...)
	return w.writeDSN(port, string(m[1]))
}

// writeDSN writes the data source as docs/analytics.md recommends it.
func (w *warehouse) writeDSN(port, password string) error {
	w.dsn = filepath.Join(w.folder, "odbc.ini")
	text := fmt.Sprintf("[rollcall]\nDriver=PostgreSQL Unicode\nServername=127.0.0.1\nPort=%s\nDatabase=rollcall\nUsername=rollcall_reader\nPassword=%s\n"+
		"ReadOnly=1\nTextAsLongVarchar=0\nMaxVarcharSize=1000\n", port, password)
	return os.WriteFile(w.dsn, []byte(text), 0o600)
}

// stop ends the demo as Ctrl-C does, and its database with it.
func (w *warehouse) stop() error {
	if err := w.demo.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	kill := time.AfterFunc(30*time.Second, func() { _ = w.demo.Process.Kill() })
	defer kill.Stop()
	if err := w.demo.Wait(); err != nil {
		return fmt.Errorf("the demo did not end well: %w", err)
	}
	return nil
}

// output runs a program and gives what it prints; what it complains of becomes
// the error.
func output(c *exec.Cmd) ([]byte, error) {
	var complaints bytes.Buffer
	c.Stderr = &complaints
	text, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(c.Path), err, strings.TrimSpace(complaints.String()))
	}
	if complaints.Len() > 0 {
		return nil, fmt.Errorf("%s: %s", filepath.Base(c.Path), strings.TrimSpace(complaints.String()))
	}
	return text, nil
}

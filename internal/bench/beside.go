package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// measureBeside lets another program load the same data set into an empty database of the
// same server. The program is a command for the shell. BENCH_API, BENCH_TOKEN,
// BENCH_ACCOUNT and BENCH_APP say what it is to read, BENCH_DATABASE where it is to store
// it, and BENCH_FOLDER where it may keep files. Its last line of output is the number of
// rows that it stored.
func (b *bench) measureBeside(ctx context.Context) error {
	a, err := startAPI(ctx, b.size)
	if err != nil {
		return err
	}
	w, err := b.newDatabase(ctx)
	if err != nil {
		return errors.Join(err, a.stop())
	}
	u, err := b.besideIn(ctx, a, w)
	b.note(phaseBeside, u)
	return errors.Join(err, a.stop(), w.drop(ctx))
}

func (b *bench) besideIn(ctx context.Context, a *api, w *warehouse) (usage, error) {
	folder, err := os.MkdirTemp(b.dir, "beside-")
	if err != nil {
		return usage{}, err
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", b.beside) //nolint:gosec // what the user of the bench asks for
	cmd.Env = append(os.Environ(), "BENCH_API="+a.url, "BENCH_TOKEN=bench", "BENCH_ACCOUNT="+simulator.DemoAccountID, "BENCH_APP="+a.appID,
		"BENCH_DATABASE="+w.url, "BENCH_FOLDER="+folder)
	cmd.Stderr = os.Stderr
	m, err := startMeter(ctx, w.Pool)
	if err != nil {
		return usage{}, err
	}
	apiBefore, _, _ := processTime(a.cmd.Process.Pid)
	out, err := cmd.Output()
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w", b.beside, err)
	}
	u, err := m.stop(ctx)
	apiAfter, _, _ := processTime(a.cmd.Process.Pid)
	u.api = apiAfter - apiBefore
	u.own, u.peak = cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), 0
	lines := strings.Fields(string(out))
	if len(lines) > 0 {
		u.rows, _ = strconv.Atoi(lines[len(lines)-1])
	}
	u.written = u.rows
	return u, errors.Join(err, expect(phaseBeside, u, b.size.rows(), b.size.rows()))
}

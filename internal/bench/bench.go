package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

// bench holds what all phases share.
type bench struct {
	settings
	stdout   io.Writer
	dir      string        // of the files for COPY
	psqlTime time.Duration // CPU time of the latest psql
	profiled map[string]bool
	cleanup  []func(context.Context) error // in the order of making
	results  map[string][]usage            // phase to its measurements
}

// Phases, in the order in which they are printed. Each but COPY is the whole
// command, the usage by day included. Of the first its two parts follow: until the last
// session is stored, with the usage that is counted in passing, and the rest of the usage.
const (
	phaseWhole  = "backfill"
	phaseCopy   = "psql COPY"
	phaseAgain  = "unchanged"
	phaseChange = "5 % changed"
	phaseFirst  = "part: rows"
	phaseUsage  = "part: usage"
	phaseBeside = "beside" // another program, where one is named
)

var phases = []string{phaseWhole, phaseCopy, phaseAgain, phaseChange, phaseFirst, phaseUsage, phaseBeside}

// usageStore keeps the usage by day.
type usageStore interface {
	RefreshAnalytics(ctx context.Context) (sessions int, err error)
	RefreshSome(ctx context.Context) (sessions int, err error)
}

// measured notes what the usage by day takes within a command.
type measured struct {
	usageStore

	w    *warehouse
	part usage
}

func (m *measured) RefreshAnalytics(ctx context.Context) (int, error) {
	meter, err := partMeter(ctx, m.w.Pool)
	if err != nil {
		return 0, err
	}
	sessions, err := m.usageStore.RefreshAnalytics(ctx)
	if err != nil {
		return 0, err
	}
	m.part, err = meter.stop(ctx)
	return sessions, err
}

func newBench(ctx context.Context, s settings, stdout io.Writer) (*bench, error) {
	b := &bench{settings: s, stdout: stdout, profiled: make(map[string]bool), results: make(map[string][]usage)}
	dir, err := os.MkdirTemp("", "rollcall-bench-")
	if err != nil {
		return nil, err
	}
	b.dir = dir
	b.cleanup = append(b.cleanup, func(context.Context) error { return os.RemoveAll(dir) })
	if err := b.startServer(ctx); err != nil {
		return nil, b.close(ctx, err)
	}
	return b, nil
}

func (b *bench) close(ctx context.Context, err error) error {
	for _, f := range slices.Backward(b.cleanup) {
		err = errors.Join(err, f(context.WithoutCancel(ctx)))
	}
	return err
}

// phases measures everything as often as asked. COPY goes first in every second
// run, so that neither always has the warmer machine.
func (b *bench) phases(ctx context.Context) error {
	for i := range b.runs {
		if i%2 == 1 {
			if err := b.measureCopy(ctx); err != nil {
				return err
			}
		}
		if err := b.measureSync(ctx, i == 0); err != nil {
			return err
		}
		if i%2 == 0 {
			if err := b.measureCopy(ctx); err != nil {
				return err
			}
		}
		if b.beside != "" {
			if err := b.measureBeside(ctx); err != nil {
				return err
			}
		}
	}
	return b.report()
}

func (b *bench) measureCopy(ctx context.Context) error {
	w, err := b.newWarehouse(ctx)
	if err != nil {
		return err
	}
	u, err := b.copyIn(ctx, w)
	b.note(phaseCopy, u)
	return errors.Join(err, w.drop(ctx))
}

func (b *bench) note(phase string, u usage) { b.results[phase] = append(b.results[phase], u) }

func (b *bench) measureSync(ctx context.Context, export bool) error {
	a, err := startAPI(ctx, b.size)
	if err != nil {
		return err
	}
	w, err := b.newWarehouse(ctx)
	if err != nil {
		return errors.Join(err, a.stop())
	}
	err = b.syncs(ctx, a, w, export)
	return errors.Join(err, a.stop(), w.drop(ctx))
}

// syncs loads into an empty warehouse, reads the same again, and again with 5 %
// changed. Each result is checked: a fast run that lost a row counts for nothing.
func (b *bench) syncs(ctx context.Context, a *api, w *warehouse, export bool) error {
	u, err := b.sync(ctx, phaseWhole, a, w)
	if err != nil {
		return err
	}
	parents := 1 + b.size.Sessions // an app, and a meeting for each session
	if err := expect(phaseWhole, u, b.size.rows(), b.size.rows()); err != nil {
		return err
	}
	var stored int
	if err := w.QueryRow(ctx, storedSQL).Scan(&stored); err != nil || stored != b.size.rows()+parents {
		return errors.Join(err, fmt.Errorf("%d rows are stored, want %d", stored, b.size.rows()+parents))
	}
	if export {
		if err := b.export(ctx, w); err != nil {
			return err
		}
	}
	if u, err = b.sync(ctx, phaseAgain, a, w); err != nil {
		return err
	}
	if err := expect(phaseAgain, u, b.size.rows(), 0); err != nil {
		return err
	}
	changed, err := a.change()
	if err != nil {
		return err
	}
	if u, err = b.sync(ctx, phaseChange, a, w); err != nil {
		return err
	}
	return expect(phaseChange, u, b.size.rows(), changed)
}

const storedSQL = `SELECT (SELECT count(*) FROM realtimekit.apps) + (SELECT count(*) FROM realtimekit.meetings)
	+ (SELECT count(*) FROM realtimekit.sessions) + (SELECT count(*) FROM realtimekit.participants)
	+ (SELECT count(*) FROM realtimekit.peer_events)`

func expect(phase string, u usage, rows, written int) error {
	if u.rows != rows || u.written != written {
		return fmt.Errorf("%s: %d rows read and %d written, want %d and %d", phase, u.rows, u.written, rows, written)
	}
	return nil
}

// sync is one "backfill --full" of everything.
func (b *bench) sync(ctx context.Context, phase string, a *api, w *warehouse) (usage, error) {
	client, err := a.client(b.perPage)
	if err != nil {
		return usage{}, err
	}
	defer client.Close()
	logger := slog.New(slog.DiscardHandler)
	parts := stores.Open(w.Pool, logger)
	store := &measured{usageStore: parts.Usage, w: w}
	parts.Usage = store
	p := pipeline.New(pipeline.Config{
		AccountID: simulator.DemoAccountID, AppIDs: []string{a.appID}, Concurrency: b.concurrency, Version: "bench",
	}, client, parts, logger)
	m, err := startMeter(ctx, w.Pool)
	if err != nil {
		return usage{}, err
	}
	apiBefore, _, _ := processTime(a.cmd.Process.Pid)
	reader := b.startReader(ctx, w)
	stopProfile := b.startProfile(phase)
	// From half a year before the data set on: its size decides how far it reaches.
	result, err := p.Run(ctx, pipeline.Plan{Kind: model.KindBackfill, From: b.size.Now.AddDate(0, -6, 0), Full: true})
	if err != nil {
		return usage{}, errors.Join(err, reader.stop().err)
	}
	stopProfile()
	u, err := m.stop(ctx)
	u.rows, u.written = result.Totals.Read, result.Totals.Inserted+result.Totals.Updated
	apiAfter, _, _ := processTime(a.cmd.Process.Pid)
	u.api = apiAfter - apiBefore
	read := reader.stop()
	u.queries = read.queries
	b.note(phase, u)
	if phase == phaseWhole {
		store.part.rows = u.rows
		b.note(phaseFirst, u.without(store.part))
		b.note(phaseUsage, store.part)
	}
	return u, errors.Join(err, read.err)
}

// startProfile profiles the first measurement of a phase, where asked for.
func (b *bench) startProfile(phase string) (stop func()) {
	if b.profile == "" || b.profiled[phase] {
		return func() {}
	}
	b.profiled[phase] = true
	file, err := os.Create(b.profile + "." + fmt.Sprint(len(b.profiled)))
	if err != nil || pprof.StartCPUProfile(file) != nil {
		fmt.Fprintln(b.stdout, "no profile:", err)
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close() // a profile that was cut says so itself
	}
}

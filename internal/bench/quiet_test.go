package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

// statements counts what is sent to Postgres.
type statements struct{ atomic.Int64 }

func (n *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	n.Add(1)
	return ctx
}

func (n *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A run that finds nothing new asks the API once for an app and Postgres a
// handful of statements, whether the warehouse is small or large.
func TestQuietRunCostsTheSameInAnyWarehouse(t *testing.T) {
	t.Parallel()
	for _, sessions := range []int{3, 60} {
		b := bench{settings: settings{concurrency: 4, databaseURL: pgtest.New(t)}}
		w, err := b.newWarehouse(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a, err := startAPI(t.Context(), size{Sessions: sessions, Participants: 5, Events: 3, Now: time.Now().UTC()})
		if err != nil {
			t.Fatal(err)
		}
		var sent statements
		cfg := w.Config()
		cfg.ConnConfig.Tracer = &sent
		pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		run := func() pipeline.Result {
			sent.Store(0)
			result, err := quietPipeline(t, a, pool).Run(t.Context(), pipeline.Plan{Kind: model.KindRun})
			if err != nil {
				t.Fatal(err)
			}
			return result
		}
		if first := run(); first.Totals.SessionsRead() != sessions {
			t.Errorf("%d of %d sessions were read", first.Totals.SessionsRead(), sessions)
		}
		// The first of the two prepares its statements and sets up connections.
		run()
		quiet := run()
		if quiet.Summary.Requests != 1 || quiet.Totals.Read != 0 || sent.Load() > 20 {
			t.Errorf("%d sessions: %d requests, %d rows read, %d statements", sessions, quiet.Summary.Requests, quiet.Totals.Read, sent.Load())
		}
		pool.Close()
		if err := a.stop(); err != nil {
			t.Error(err)
		}
		if err := w.drop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func quietPipeline(t *testing.T, a *api, pool *pgxpool.Pool) *pipeline.Pipeline {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	client, err := a.client(100)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return pipeline.New(pipeline.Config{
		AccountID: simulator.DemoAccountID, AppIDs: []string{a.appID}, Concurrency: 4, Version: "test",
		Lookback: 72 * time.Hour, Settle: time.Hour,
	}, client, stores.Open(pool, logger), logger)
}

// The rate of a phase that lost rows counts for nothing.
func TestWrongResultIsAnError(t *testing.T) {
	t.Parallel()
	if expect("phase", usage{rows: 5, written: 4}, 5, 5) == nil || expect("phase", usage{rows: 5, written: 5}, 5, 5) != nil {
		t.Error("a row too few passes")
	}
	file := filepath.Join(t.TempDir(), "profile")
	b := bench{settings: settings{profile: file}, profiled: make(map[string]bool)}
	b.startProfile(phaseFirst)()
	if _, err := os.Stat(file + ".1"); err != nil {
		t.Error(err)
	}
}

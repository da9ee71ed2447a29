package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// rejects keeps the rejected records and the ledger.
type rejects interface {
	Acquire(ctx context.Context, accountID, kind string) (held context.Context, release func(), err error)
	StartRun(ctx context.Context, run model.Run) (id int64, err error)
	FinishRun(ctx context.Context, run model.Run, summary model.RunSummary) (model.RunTotals, error)
	Rejects(ctx context.Context, accountID string, all bool, each func(model.StoredReject) error) error
	ClockSkew() time.Duration
	ResolveReject(ctx context.Context, id int64) error
	Horizon(ctx context.Context, accountID string) (time.Time, error)
	LoadSalvaged(ctx context.Context, run model.Run, from model.StoredReject, salvaged model.Salvaged) (model.RowCounts, error)
}

// RetryRejects tries every open rejected record of the account again: understand decodes it by
// the rules of this program, and what it understands is stored. Nothing is asked
// of the API. It runs under a lock and an entry in the ledger of its own.
func RetryRejects(ctx context.Context, cfg Config, understand func(model.Rejected) (model.Salvaged, error),
	store rejects, logger *slog.Logger,
) (model.RetryCounts, error) {
	var counts model.RetryCounts
	held, release, err := store.Acquire(ctx, cfg.AccountID, model.KindRetry)
	if err != nil {
		return counts, err
	}
	defer release()
	clocks := newClocks(time.Now, store.ClockSkew(), nil)
	run := model.Run{AccountID: cfg.AccountID, Kind: model.KindRetry, StartedAt: clocks.now(), Version: cfg.Version}
	if run.ID, err = store.StartRun(held, run); err != nil {
		return counts, err
	}
	held = model.WithRun(held, run.ID)
	logger = logger.With(slog.Int64("run_id", run.ID))
	logger.InfoContext(ctx, "run started", "kind", run.Kind, "account_id", run.AccountID)
	failure := whyEnded(held, retryAll(held, run, understand, store, &counts, logger))
	summary := model.RunSummary{Status: model.RunSucceeded, Error: errorText(failure)}
	switch {
	case failure != nil && !Resumable(failure):
		summary.Status = model.RunFailed
	case failure != nil, counts.StillRejected > 0:
		summary.Status = model.RunPartial
	}
	if _, err := store.FinishRun(ctx, run, summary); err != nil {
		if errors.Is(failure, model.ErrStore) {
			return counts, failure // the same again says nothing new
		}
		return counts, errors.Join(failure, err)
	}
	logger.InfoContext(ctx, "run finished", "kind", run.Kind, "status", summary.Status, "seconds", clocks.now().Sub(run.StartedAt).Seconds(),
		"records_tried", counts.Tried, "records_loaded", counts.Loaded, "records_rejected", counts.StillRejected,
		"rows_inserted", counts.Inserted, "rows_updated", counts.Updated)
	return counts, failure
}

func retryAll(ctx context.Context, run model.Run, understand func(model.Rejected) (model.Salvaged, error),
	store rejects, counts *model.RetryCounts, logger *slog.Logger,
) error {
	horizon, err := store.Horizon(ctx, run.AccountID)
	if err != nil {
		return err
	}
	return store.Rejects(ctx, run.AccountID, false, func(r model.StoredReject) error {
		counts.Tried++
		salvaged, err := understand(r.Rejected)
		if err == nil && salvaged.Session != nil && isBefore(salvaged.Session, horizon) {
			counts.TooOld++
			return store.ResolveReject(ctx, r.ID)
		}
		var loaded model.RowCounts
		if err == nil {
			loaded, err = store.LoadSalvaged(ctx, run, r, salvaged)
		}
		if err != nil && (errors.Is(err, model.ErrStore) || ctx.Err() != nil) {
			return err
		}
		if err != nil {
			counts.StillRejected++
			logger.InfoContext(ctx, "record still rejected", "rejected_id", r.ID, "entity", r.Entity, "record_key", r.Key, "reason", err)
			return nil
		}
		counts.Loaded++
		counts.Add(loaded)
		return nil
	})
}

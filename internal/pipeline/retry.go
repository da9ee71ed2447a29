package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// RetryRejects tries every open rejected record of the account again: understand decodes it by
// the rules of this program, and what it understands is stored. Nothing is asked
// of the API: records of optional reads are left to the next run, which is made to ask
// for them. It runs under a lock and an entry in the ledger of its own.
func RetryRejects(ctx context.Context, cfg Config, understand func(model.Rejected) (model.Salvaged, error),
	stores Stores, logger *slog.Logger,
) (model.RetryCounts, error) {
	var counts model.RetryCounts
	held, release, err := stores.Ledger.Acquire(ctx, cfg.AccountID, model.KindRetry)
	if err != nil {
		return counts, err
	}
	defer release()
	clocks := newClocks(time.Now, stores.Clock.ClockSkew(), nil)
	run := model.Run{AccountID: cfg.AccountID, Kind: model.KindRetry, StartedAt: clocks.now(), Version: cfg.Version}
	if run.ID, err = stores.Ledger.StartRun(held, run); err != nil {
		return counts, err
	}
	held = model.WithRun(held, run.ID)
	logger = logger.With(slog.Int64("run_id", run.ID))
	logger.InfoContext(ctx, "run started", "kind", run.Kind, "account_id", run.AccountID)
	failure := whyEnded(held, retryAll(held, run, understand, stores, &counts, logger))
	summary := model.RunSummary{Status: model.RunSucceeded, Error: errorText(failure)}
	switch {
	case failure != nil && !Resumable(failure):
		summary.Status = model.RunFailed
	case failure != nil, counts.StillRejected > 0:
		summary.Status = model.RunPartial
	}
	if _, err := stores.Ledger.FinishRun(ctx, run, summary); err != nil {
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
	stores Stores, counts *model.RetryCounts, logger *slog.Logger,
) error {
	horizon, err := stores.Retention.Horizon(ctx, run.AccountID)
	if err != nil {
		return err
	}
	return stores.Rejects.Rejects(ctx, run.AccountID, false, func(r model.StoredReject) error {
		counts.Tried++
		salvaged, err := understand(r.Rejected)
		if err == nil && salvaged.Session != nil && isBefore(salvaged.Session, horizon) {
			counts.TooOld++
			return stores.Rejects.ResolveReject(ctx, r.ID)
		}
		var loaded model.RowCounts
		if err == nil {
			loaded, err = stores.Rejects.LoadSalvaged(ctx, run, r, salvaged)
		}
		if err != nil && (errors.Is(err, model.ErrStore) || ctx.Err() != nil) {
			return err
		}
		if err != nil {
			counts.StillRejected++
			logger.InfoContext(ctx, "record still rejected", "rejected_id", r.ID, "entity", r.Entity, "record_key", r.Key, "reason", err)
			return stores.Optional.AskAgain(ctx, r.Rejected)
		}
		counts.Loaded++
		counts.Add(loaded)
		return nil
	})
}

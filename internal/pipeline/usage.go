package pipeline

import (
	"context"
	"errors"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// usageEvery is after how many sessions that changed a run brings the usage by day up to
// date as it goes, so that who reads it does not wait for the end of a backfill of hours. Fewer
// at a time would cost more: people who are in many sessions of a day are counted anew.
const usageEvery = 500

// storedMore counts a session that changed, and brings the usage by day up to date when it is
// time, while other sessions are read. A failure is left to the end of the run, which tries again.
func (w *work) storedMore(ctx context.Context, counts model.RowCounts) {
	if counts.Inserted+counts.Updated == 0 || w.changed.Add(1)%int64(w.cfg.UsageEvery) != 0 {
		return
	}
	sessions, err := w.stores.Usage.RefreshSome(ctx)
	if err != nil {
		w.logger.DebugContext(ctx, "usage by day left to the end of the run", "error", err)
		return
	}
	w.logger.DebugContext(ctx, "usage by day refreshed in passing", "sessions", sessions)
}

// refresh brings the usage by day up to date, also after a failure: what was
// committed counts. A run that was told to stop leaves it to the next one.
func (w *work) refresh(ctx context.Context, failure error) error {
	if ctx.Err() != nil || errors.Is(failure, model.ErrStore) {
		return failure
	}
	sessions, err := w.stores.Usage.RefreshAnalytics(ctx)
	if err != nil {
		return errors.Join(failure, err)
	}
	w.logger.DebugContext(ctx, "usage by day refreshed", "sessions", sessions)
	return failure
}

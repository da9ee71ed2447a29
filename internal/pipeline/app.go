package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// app reads the sessions of an app from the lookback before its watermark on.
func (w *work) app(ctx context.Context, appID string) error {
	d, mark, err := w.newSince(ctx, appID)
	if err != nil {
		return err
	}
	if err := w.discoverAll(ctx, d); err != nil {
		return errors.Join(err, w.noteStop(ctx, appID, mark, err))
	}
	// The watermark moves only now that all listed sessions were dealt with: a
	// crash before leaves it, and the next run lists the same sessions again.
	return w.stores.Ledger.SaveDiscovery(ctx, w.run, appID, d.watermark(), d.problem)
}

// newSince makes ready to list what is new in an app since its watermark.
func (w *work) newSince(ctx context.Context, appID string) (d *discovery, mark time.Time, err error) {
	if mark, err = w.stores.Ledger.Watermark(ctx, appID); err != nil {
		return nil, mark, err
	}
	d = &discovery{work: w, appID: appID, listFrom: w.listFrom(ctx, appID, mark), followUps: true}
	if since := w.plan.Since; mark.IsZero() && !since.IsZero() {
		d.from, d.listFrom = since, since.Add(-listMargin)
		w.logger.InfoContext(ctx, "the app is read for the first time; what was created before is left out", "app_id", appID, "since", since)
	}
	return d, mark, nil
}

// discoverAll lists once more where the first answer tells that the API's clock is
// ahead of the one by which the list was to end: sessions may lie behind it.
func (w *work) discoverAll(ctx context.Context, d *discovery) error {
	for d.listTo.Before(w.listEnd()) {
		d.listTo = w.listEnd()
		if err := w.discover(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// listFrom gives where the list of an app begins. A watermark that no clock has come
// to was noted by one that was ahead: what began since the true one is not known, so
// that the list has no start.
func (w *work) listFrom(ctx context.Context, appID string, mark time.Time) time.Time {
	switch {
	case mark.IsZero():
		return mark
	case mark.After(w.listEnd().Add(clockTolerance)):
		w.logger.WarnContext(ctx, "the watermark lies in the future; all sessions are listed",
			"app_id", appID, "watermark", mark)
		return time.Time{}
	case mark.After(w.pastSince()):
		mark = w.pastSince()
	}
	return mark.Add(-w.cfg.Lookback)
}

// discover lists sessions and reads those that need it, several at once. It
// returns when all of them were dealt with.
func (w *work) discover(ctx context.Context, d *discovery) error {
	d.group, d.ctx = errgroup.WithContext(ctx)
	d.group.SetLimit(w.cfg.Concurrency)
	err := d.run(d.ctx) //nolint:contextcheck // the group's context is derived from ctx
	// A session's failure ends the group; that is the reason to tell, not the
	// cancelled list.
	if groupErr := d.group.Wait(); groupErr != nil {
		err = groupErr
	}
	if errors.Is(err, model.ErrNotFound) && len(w.cfg.AppIDs) == 0 {
		if empty, lookErr := isWithoutSessions(ctx, w.source, w.stores.Inventory, w.logger, d.appID); lookErr != nil || empty {
			return lookErr
		}
		// It vanished after the apps were listed: that is its own affair.
		d.problem, err = err.Error(), nil
	}
	if err != nil {
		return fmt.Errorf("app %s: %w", d.appID, err)
	}
	if d.problem != "" {
		w.leaveOut()
		w.logger.WarnContext(ctx, "the list of sessions does not add up", "app_id", d.appID, "problem", d.problem)
	}
	return nil
}

// noteStop leaves the reason of an early end with the app, unless it is the
// database that failed or someone who stopped the run. An app that the API does
// not know and of which there is no session is a mistyped id: entered in the
// books, it would be behind for ever.
func (w *work) noteStop(ctx context.Context, appID string, mark time.Time, reason error) error {
	if errors.Is(reason, model.ErrStore) || errors.Is(reason, context.Canceled) || errors.Is(reason, model.ErrNotFound) && mark.IsZero() {
		return nil
	}
	return w.stores.Ledger.SaveDiscovery(ctx, w.run, appID, time.Time{}, reason.Error())
}

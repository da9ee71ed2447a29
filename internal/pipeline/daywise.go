package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const oneDay = 24 * time.Hour

// defaultDays is what the API gives without a range: the last 30 days as
// documented, of which the first may be cut.
const defaultDays = 29 * oneDay

// daywise reads the vendor's counts with one request: of the last days, or from
// the oldest session on where that was never asked for.
func (w optionalWork) daywise(ctx context.Context, appID string, state *model.EndpointState) (asked bool, err error) {
	now := w.now().UTC()
	if quiet, err := w.isQuiet(ctx, appID, state, state.ReadAt, now); err != nil || quiet {
		return false, err
	}
	first, err := w.stores.Inventory.FirstSession(ctx, appID)
	if err != nil {
		return false, err
	}
	today := w.clocks.latest(now).Truncate(oneDay)
	from := firstDay(first, today, state)
	page, err := w.source.DailyStats(ctx, appID, from, today)
	if !from.IsZero() && (err == nil || errors.Is(err, model.ErrBadRequest)) {
		state.AskedFrom = earlier(state.AskedFrom, from)
	}
	if !from.IsZero() && errors.Is(err, model.ErrBadRequest) {
		w.logger.InfoContext(ctx, "the API refuses the range of days; reading the last 30 only", "app_id", appID, "from", from)
		state.CoveredFrom, from = time.Time{}, time.Time{} // there may be a hole now
		page, err = w.source.DailyStats(ctx, appID, from, today)
	}
	if err != nil {
		return true, err
	}
	if from.IsZero() {
		from = today.Add(-defaultDays)
	}
	state.ReadAt, state.CoveredFrom = now, earlier(state.CoveredFrom, from)
	return true, w.saveDays(ctx, appID, page, from)
}

// firstDay gives the day to ask from, zero for the API's own range.
func firstDay(oldest, today time.Time, state *model.EndpointState) time.Time {
	recent := today.Add(-defaultDays)
	oldest = oldest.Truncate(oneDay)
	known := state.AskedFrom
	if known.IsZero() || !state.CoveredFrom.IsZero() && state.CoveredFrom.Before(known) {
		known = earlier(recent, state.CoveredFrom)
	}
	switch {
	case !oldest.IsZero() && oldest.Before(known):
		return oldest
	case !state.ReadAt.IsZero() && state.ReadAt.Before(recent):
		return state.ReadAt.UTC().Truncate(oneDay).Add(-oneDay)
	}
	return time.Time{}
}

// earlier gives the earlier of two times; a zero time is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// saveDays stores an answer to what was asked from a day on.
func (w optionalWork) saveDays(ctx context.Context, appID string, page model.DailyPage, from time.Time) error {
	if len(page.Days) > 0 {
		if err := w.stores.Apps.EnsureApp(ctx, w.run, appID); err != nil {
			return err
		}
	}
	counts, err := w.stores.Optional.SaveDays(ctx, w.run, appID, page.Days)
	w.extras.Add(counts)
	w.extras.Days += counts.Read
	if err != nil {
		return err
	}
	if err := w.setAside(ctx, page.Rejected); err != nil {
		return err
	}
	aside := make([]string, 0, len(page.Rejected))
	for i := range page.Rejected {
		aside = append(aside, page.Rejected[i].Key)
	}
	return w.stores.Optional.ResolveDays(ctx, appID, from, aside)
}

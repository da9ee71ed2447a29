package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const recordingsName = "recordings"

// openFor is how long a recording that is not final is asked for again.
const openFor = 30 * oneDay

// recordings reads the list of recordings: the first time all of it, then from the
// lookback before the last reading on, or from the oldest that was not final. While no
// session of the app changes and none goes on, it is left alone as the daily counts are.
func (w optionalWork) recordings(ctx context.Context, appID string, state *model.EndpointState) (asked bool, err error) {
	now := w.now().UTC()
	open, lost, err := w.stores.Optional.OpenRecordings(ctx, appID, now.Add(-openFor))
	if err != nil {
		return false, err
	}
	if quiet, err := w.isQuiet(ctx, appID, state, state.AskedAt, now); err != nil || quiet && open.IsZero() && !lost {
		return false, err
	}
	if lost {
		w.leaveOut()
		w.logger.WarnContext(ctx, "all recordings that were stored of the app are missing; the list is read from its beginning", "app_id", appID)
		state.ReadAt = time.Time{}
	}
	var from time.Time
	if !state.ReadAt.IsZero() {
		from = state.ReadAt.Add(-w.cfg.Lookback)
		if !open.IsZero() {
			// Whether the API compares the session's start, nobody says.
			from = earlier(from, open.Add(-oneDay))
		}
	}
	again := make(aside)
	pass, err := w.listRecordings(ctx, appID, from, w.listEnd(), again)
	if errors.Is(err, model.ErrBadRequest) {
		w.logger.InfoContext(ctx, "the API refuses a range of recordings; reading all", "app_id", appID, "from", from)
		from = time.Time{}
		pass, err = w.listRecordings(ctx, appID, from, time.Time{}, again)
	}
	switch {
	case errors.Is(err, model.ErrNotFound) && !errors.Is(err, model.ErrUnavailable):
		return true, nil // some lists of the vendor answer 404 where others are empty
	case err != nil:
		return true, err
	case pass.Doubt() != "":
		return true, fmt.Errorf("the list of recordings: %s", pass.Doubt())
	}
	state.ReadAt = now
	if !from.IsZero() {
		return true, nil
	}
	return true, w.closeAside(ctx, model.EntityRecording, appID, again, wholeList)
}

func (w optionalWork) listRecordings(ctx context.Context, appID string, from, to time.Time, again aside) (model.Pass, error) {
	before := w.extras.Recordings
	return twice(func() (model.Pass, error) {
		w.extras.Recordings = before // a second pass reads the same ones
		return w.source.Recordings(ctx, appID, from, to, func(page model.RecordingPage) error {
			again.add(page.Rejected)
			if err := w.setAside(ctx, page.Rejected); err != nil {
				return err
			}
			if len(page.Recordings) > 0 {
				if err := w.stores.Apps.EnsureApp(ctx, w.run, appID); err != nil {
					return err
				}
			}
			counts, err := w.stores.Optional.SaveRecordings(ctx, w.run, appID, page.Recordings, w.horizon)
			w.extras.Add(counts)
			w.extras.Recordings += counts.Read
			return err
		})
	})
}

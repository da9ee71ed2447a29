package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

var errHasSessions = errors.New("the app has sessions")

// isWithoutSessions tells whether an app that the API lists, and whose sessions it has
// just not found, has none: some lists of the vendor answer 404 where others are empty.
// It must say so twice, and is not believed of an app of which the warehouse holds
// sessions.
func isWithoutSessions(ctx context.Context, source interface {
	Sessions(ctx context.Context, appID string, from, to time.Time, each func(model.SessionPage) error) (model.Pass, error)
}, store interface {
	FirstSession(ctx context.Context, appID string) (time.Time, error)
}, logger *slog.Logger, appID string,
) (bool, error) {
	first, err := store.FirstSession(ctx, appID)
	if err != nil || !first.IsZero() {
		return false, err
	}
	_, err = source.Sessions(ctx, appID, time.Time{}, time.Time{}, func(model.SessionPage) error { return errHasSessions })
	if !errors.Is(err, model.ErrNotFound) {
		return false, nil // the next run sees what there is
	}
	logger.WarnContext(ctx, "the API lists the app and answers 404 for its sessions: taken for an app without sessions", "app_id", appID)
	return true, nil
}

package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// appSource lists apps as source does.
type appSource interface {
	Apps(ctx context.Context, each func(model.AppPage) error) (model.Pass, error)
}

// listApps gives the ids of all apps of the account, each once, and what does not
// add up about the list, empty for nothing. Each page goes to save too.
func listApps(ctx context.Context, source appSource, save func(model.AppPage) error, logger *slog.Logger) (ids []string, doubt string, err error) {
	seen := make(map[string]bool)
	pass, err := twice(func() (model.Pass, error) {
		return source.Apps(ctx, func(page model.AppPage) error {
			for i := range page.Apps {
				if id := page.Apps[i].ID; !seen[id] {
					seen[id] = true
					ids = append(ids, id)
				}
			}
			return save(page)
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list the apps: %w", err)
	}
	if len(ids) == 0 {
		logger.WarnContext(ctx, "the account has no apps, or the token does not see them")
	}
	return ids, pass.Doubt(), nil
}

// appError is an app that could not be read, which concerns no other app.
type appError struct{ error }

func (e appError) Unwrap() error { return e.error }

// eachApp goes through the apps one after the other. One that fails keeps no
// other from being read; what concerns the run as a whole ends it, and hides no
// failure before it. An app named in the configuration that the API does not know
// is a mistake of the configuration.
func eachApp(ctx context.Context, apps []string, progress *progress, read func(appID string) error) error {
	var failures error
	for i, appID := range apps {
		progress.app(i, len(apps))
		err := read(appID)
		if endsApps(ctx, err) {
			return errors.Join(failures, err)
		}
		if err != nil {
			failures = errors.Join(failures, appError{err})
		}
	}
	return failures
}

// endsApps reports whether an error of an app keeps the others from being read.
func endsApps(ctx context.Context, err error) bool {
	return err != nil && (endsRun(ctx, err) || errors.Is(err, model.ErrNotFound))
}

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

// appList is what the API lists of an account's apps.
type appList struct {
	ids   []string // each once
	doubt string   // what does not add up about the list, empty for nothing
	// unlisted are apps of the account that the warehouse holds and the list does
	// not show: deleted at the vendor, or missing by mistake.
	unlisted []model.HeldApp
}

// listApps lists the apps of the account. Each page goes to save too; unlisted gives
// the apps of the warehouse but the given ones.
//
// An app may be deleted in good order, and must not spoil every later run. That all
// of them are gone is believed no more than any list that does not add up: so
// answers an API that has lost its data, or does not recognise the token.
func listApps(ctx context.Context, source appSource, save func(model.AppPage) error,
	unlisted func(ctx context.Context, listed []string) ([]model.HeldApp, error), logger *slog.Logger,
) (list appList, err error) {
	for range 2 {
		if list, err = readApps(ctx, source, save); err != nil {
			return appList{}, fmt.Errorf("list the apps: %w", err)
		}
		if list.unlisted, err = unlisted(ctx, list.ids); err != nil {
			return appList{}, err
		}
		if list.doubt != "" || len(list.ids) > 0 || len(list.unlisted) == 0 {
			break
		}
	}
	if len(list.ids) == 0 {
		logger.WarnContext(ctx, "the account has no apps, or the token does not see them")
	}
	if list.doubt == "" && len(list.ids) == 0 && len(list.unlisted) > 0 {
		list.doubt = "it shows no app, and the warehouse holds " + plural(len(list.unlisted), "app") + " of the account"
	}
	return list, nil
}

func readApps(ctx context.Context, source appSource, save func(model.AppPage) error) (list appList, err error) {
	seen := make(map[string]bool)
	pass, err := twice(func() (model.Pass, error) {
		return source.Apps(ctx, func(page model.AppPage) error {
			for i := range page.Apps {
				if id := page.Apps[i].ID; !seen[id] {
					seen[id] = true
					list.ids = append(list.ids, id)
				}
			}
			return save(page)
		})
	})
	list.doubt = pass.Doubt()
	return list, err
}

// appError says that one app could not be read. It keeps no other app from being read.
type appError struct{ error }

func (e appError) Unwrap() error { return e.error }

// eachApp goes through the apps one after the other. One that fails keeps no
// other from being read; what concerns the run as a whole ends it, and hides no
// failure before it. An app named in the configuration that the API does not know
// is a mistake of the configuration. Where several apps in a row are refused alike, the
// token is to blame and the run ends; apps that failing gives do not count.
func eachApp(ctx context.Context, apps []string, failing func(context.Context) (map[string]bool, error), progress *progress,
	read func(appID string) error,
) error {
	known, err := failing(ctx)
	if err != nil {
		return err
	}
	var failures error
	refused := refusals{things: "apps"}
	for i, appID := range apps {
		progress.app(i, len(apps))
		err := read(appID)
		if endsApps(ctx, err) {
			return errors.Join(failures, err)
		}
		if denied := refused.judge(err, known[appID]); denied != nil {
			return errors.Join(failures, denied)
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

// apps gives the ids of the apps to read, and stores what was listed of them.
func (w *work) apps(ctx context.Context) ([]string, error) {
	if len(w.cfg.AppIDs) > 0 {
		return w.cfg.AppIDs, nil
	}
	again := make(aside)
	list, err := listApps(ctx, w.source, func(page model.AppPage) error {
		if w.dryRun {
			return nil
		}
		again.add(page.Rejected)
		if err := w.setAside(ctx, page.Rejected); err != nil {
			return err
		}
		return w.stores.Apps.SaveApps(ctx, w.run, page.Apps)
	}, w.unlistedApps, w.logger)
	if w.appsDoubt = list.doubt; list.doubt != "" {
		w.leaveOut()
		w.logger.WarnContext(ctx, "the list of apps does not add up", "problem", list.doubt)
	}
	if err != nil || w.dryRun {
		return list.ids, err
	}
	if list.doubt == "" {
		if err := w.closeAside(ctx, model.EntityApp, "", again, wholeList); err != nil {
			return nil, err
		}
	}
	return list.ids, w.tellUnlisted(ctx, list.unlisted)
}

// tellUnlisted warns once of an app that the API does not list any more: it may have
// been deleted, and nobody wants to be told so by each run.
func (w *work) tellUnlisted(ctx context.Context, unlisted []model.HeldApp) error {
	var first []string
	for i := range unlisted {
		app, level := &unlisted[i], slog.LevelInfo
		if !app.Known {
			first, level = append(first, app.ID), slog.LevelWarn
		}
		w.logger.Log(ctx, level, "the list of apps lacks an app of the warehouse; its sessions are not read",
			"app_id", app.ID, "app", app.Name, "sessions_stored", app.Sessions)
	}
	if len(first) == 0 {
		return nil
	}
	return w.stores.Inventory.NoteUnlisted(ctx, w.run, first)
}

// failing gives the apps whose sessions the last run could not list.
func (w *work) failing(ctx context.Context) (map[string]bool, error) {
	return w.stores.Ledger.FailingApps(ctx, w.run.AccountID)
}

func (w *work) unlistedApps(ctx context.Context, listed []string) ([]model.HeldApp, error) {
	return w.stores.Inventory.UnlistedApps(ctx, w.run.AccountID, listed)
}

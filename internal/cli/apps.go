package cli

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/find"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// findApps lets the apps to read be given by name. A name that the warehouse does not
// know is looked for at the API: in the first run it knows none.
func (j *job) findApps(ctx context.Context) (err error) {
	if j.api.AppIDs, err = find.Apps(ctx, j.pool, j.api.AppIDs); err != nil || !slices.ContainsFunc(j.api.AppIDs, isName) {
		return err
	}
	var apps []model.App
	_, err = j.client.Apps(ctx, func(page model.AppPage) error {
		apps = append(apps, page.Apps...)
		return nil
	})
	if err != nil {
		return err
	}
	j.api.AppIDs, err = find.AppsOf(apps, j.api.AppIDs)
	for _, app := range j.api.AppIDs {
		if !slices.ContainsFunc(apps, func(a model.App) bool { return a.ID == app }) && isName(app) {
			// An API may say of it that it has no session.
			j.logger.WarnContext(ctx, "the account lists no app of this name; it is taken for an id", "app", app)
		}
	}
	return err
}

// isName tells whether an app is not given by an id: ids are UUIDs.
func isName(app string) bool {
	_, err := model.ParseUUID(app)
	return err != nil
}

// knownApp gives the id of an app that is named by its id or its name, and refuses one
// that the warehouse does not hold.
func knownApp(ctx context.Context, pool *pgxpool.Pool, name string) (string, error) {
	id, err := find.App(ctx, pool, name)
	if err == nil {
		err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error { return export.KnownApp(ctx, tx, id) })
	}
	return id, err
}

package inventory

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

var (
	//go:embed sql/unfolded_apps.sql
	unfoldedAppsSQL string
	//go:embed sql/fold_app.sql
	foldAppSQL string
)

// UnfoldedApps gives the ids of apps that are UUIDs in other letters than
// [model.FoldID] gives: earlier versions made them of a configuration that was
// written so, beside the app as the API lists it.
func (s *Store) UnfoldedApps(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, unfoldedAppsSQL)
	if err != nil {
		return nil, warehouse.Failed("look for apps in other letters", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return ids, warehouse.Failed("look for apps in other letters", err)
}

// FoldApps puts what is stored of such apps to the app that they are, in one
// transaction: a crash leaves everything as it was. It gives the ids that are gone,
// and mayNot where the role may not delete them; then nothing was changed.
func (s *Store) FoldApps(ctx context.Context) (folded []string, mayNot bool, err error) {
	ids, err := s.UnfoldedApps(ctx)
	if err != nil || len(ids) == 0 {
		return nil, false, err
	}
	var may bool
	if err := s.pool.QueryRow(ctx, `SELECT has_table_privilege('realtimekit.apps', 'DELETE')
		AND has_table_privilege('sync.app_states', 'DELETE') AND has_table_privilege('sync.suppressions', 'DELETE')`).Scan(&may); err != nil {
		return nil, false, warehouse.Failed("look at the role's rights", err)
	}
	if !may {
		return nil, true, nil
	}
	err = warehouse.Begin(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, warehouse.HoldAnalyticsSQL); err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := tx.Exec(ctx, `SELECT set_config('rollcall.was', $1, true), set_config('rollcall.folded', $2, true)`, id, model.FoldID(id)); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, foldAppSQL); err != nil {
				return fmt.Errorf("app %s: %w", id, err)
			}
		}
		return nil
	})
	return ids, false, warehouse.Failed("fold the ids of apps", err)
}

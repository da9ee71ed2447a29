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
	//go:embed sql/unfolded_ids.sql
	unfoldedIDsSQL string
	//go:embed sql/fold_account.sql
	foldAccountSQL string
	//go:embed sql/fold_app.sql
	foldAppSQL string
	//go:embed sql/fold_meeting.sql
	foldMeetingSQL string
)

// FoldIDs puts what is stored under an id in other letters than [model.FoldID] gives to
// the account, app or meeting that it is, in one transaction: a crash leaves everything
// as it was. Earlier versions stored ids as they were configured, or listed. It gives
// the ids that are gone, and mayNot where the role may not delete them; then nothing was
// changed.
func (s *Store) FoldIDs(ctx context.Context) (folded []model.Folded, mayNot bool, err error) {
	rows, err := s.pool.Query(ctx, unfoldedIDsSQL)
	if err == nil {
		folded, err = pgx.CollectRows(rows, pgx.RowToStructByPos[model.Folded])
	}
	if err != nil || len(folded) == 0 {
		return nil, false, warehouse.Failed("look for ids in other letters", err)
	}
	var may bool
	if err := s.pool.QueryRow(ctx, `SELECT bool_and(has_table_privilege(name, 'DELETE')) FROM unnest(ARRAY['realtimekit.apps', 'realtimekit.meetings',
		'sync.app_states', 'sync.suppressions', 'sync.meeting_states', 'sync.checks', 'sync.retention_horizons']) AS name`).Scan(&may); err != nil {
		return nil, false, warehouse.Failed("look at the role's rights", err)
	}
	if !may {
		return nil, true, nil
	}
	err = warehouse.Again(ctx, func(ctx context.Context) error {
		return warehouse.Begin(ctx, s.pool, func(tx pgx.Tx) error { return foldAll(ctx, tx, folded) })
	})
	return folded, false, warehouse.Failed("fold ids", err)
}

func foldAll(ctx context.Context, tx pgx.Tx, all []model.Folded) error {
	if _, err := tx.Exec(ctx, warehouse.HoldAnalyticsSQL); err != nil {
		return err
	}
	for _, f := range all {
		if _, err := tx.Exec(ctx, `SELECT set_config('rollcall.was', $1, true), set_config('rollcall.folded', $2, true)`, f.Was, f.ID()); err != nil {
			return err
		}
		if err := fold(ctx, tx, f.Kind); err != nil {
			return fmt.Errorf("%s %s: %w", f.Kind, f.Was, err)
		}
	}
	return nil
}

// fold moves what is stored under an id of a kind.
func fold(ctx context.Context, tx pgx.Tx, kind string) (err error) {
	switch kind {
	case model.FoldedAccount:
		_, err = tx.Exec(ctx, foldAccountSQL)
	case model.FoldedApp:
		_, err = tx.Exec(ctx, foldAppSQL)
	case model.FoldedMeeting:
		_, err = tx.Exec(ctx, foldMeetingSQL)
	}
	return err
}

package load

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// SetAside keeps records that could not be stored and belong to no session that
// is in hand. It gives those that it kept: the others are of erased people.
func (s *Store) SetAside(ctx context.Context, run model.Run, rejected []model.Rejected) (kept []model.Rejected, err error) {
	err = s.db.Filtered(ctx, func(tx pgx.Tx, f *privacy.Filter) error {
		kept = f.Rejected(rejected)
		return setAside(ctx, tx, run, kept, func(string) {})
	})
	for i := range kept {
		if err == nil {
			s.db.Tell(kept[i].Entity, model.RowCounts{Rejected: 1})
		}
	}
	return kept, warehouse.Failed("set records aside", err)
}

// setAside tells of the entity of each record that it keeps: once, however often
// it was listed.
func setAside(ctx context.Context, tx pgx.Tx, run model.Run, rejected []model.Rejected, kept func(entity string)) error {
	if len(rejected) == 0 {
		return nil
	}
	var entities, apps, keys, reasons, raws []string
	var sessions []pgtype.UUID
	for i := range rejected {
		r := &rejected[i]
		entities, apps, keys = append(entities, r.Entity), append(apps, r.AppID), append(keys, r.Key)
		reasons, raws = append(reasons, r.Reason), append(raws, r.Raw)
		sessions = append(sessions, warehouse.UUID(r.SessionID))
	}
	rows, err := tx.Query(ctx, setAsideSQL, entities, apps, sessions, keys, reasons, raws, run.ID)
	return eachText(rows, err, kept)
}

func eachText(rows pgx.Rows, err error, each func(string)) error {
	if err != nil {
		return err
	}
	var text string
	_, err = pgx.ForEachRow(rows, []any{&text}, func() error {
		each(text)
		return nil
	})
	return err
}

package ledger

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

//go:embed sql/last_runs.sql
var lastRunsSQL string

// Books reads what the books tell of an account at one moment.
func (s *Store) Books(ctx context.Context, accountID string) (model.Books, error) {
	var b model.Books
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		var err error
		if b.Runs, err = list[model.LastRun](ctx, tx, lastRunsSQL, accountID); err != nil {
			return err
		}
		b.Apps, err = list[model.AppOverview](ctx, tx, `SELECT s.app_id, a.name, s.watermark, s.discovered_at, s.last_error
			FROM sync.app_states AS s LEFT JOIN realtimekit.apps AS a USING (app_id)
			WHERE s.account_id = $1 ORDER BY s.app_id`, accountID)
		if err != nil {
			return err
		}
		counts, err := list[model.SessionCounts](ctx, tx, overviewSessionsSQL, accountID)
		if err != nil {
			return err
		}
		b.Sessions = counts[0] // an aggregate has one row
		err = tx.QueryRow(ctx, `SELECT now(), (SELECT count(*) FROM sync.session_states
			WHERE settled_at IS NULL AND gone_at IS NULL AND `+waitsSQL+`
			  AND app_id IN (SELECT app_id FROM realtimekit.apps WHERE account_id = $1))`, accountID).Scan(&b.At, &b.Waiting)
		if err != nil {
			return err
		}
		b.Rejected, err = list[model.RejectedOverview](ctx, tx, `SELECT entity, count(*) FROM sync.rejected_records
			WHERE resolved_at IS NULL GROUP BY entity ORDER BY entity`)
		return err
	})
	return b, warehouse.Failed("read the ledger", err)
}

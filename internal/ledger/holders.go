package ledger

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

//go:embed sql/lock_holders.sql
var lockHoldersSQL string

// LockHolders tells which connections hold the locks of an account's runs, by kind
// of run.
func (s *Store) LockHolders(ctx context.Context, accountID string) ([]model.LockHolder, error) {
	holders, err := lockHolders(ctx, s.pool, accountID)
	return holders, warehouse.Failed("see who holds the locks", err)
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func lockHolders(ctx context.Context, q querier, accountID string) ([]model.LockHolder, error) {
	rows, err := q.Query(ctx, lockHoldersSQL, accountID, model.Kinds())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (model.LockHolder, error) {
		var h model.LockHolder
		var since pgtype.Timestamptz
		err := row.Scan(&h.Kind, &h.PID, &h.Role, &h.Application, &h.Address, &h.RunID, &since)
		h.Since = since.Time.UTC()
		return h, err
	})
}

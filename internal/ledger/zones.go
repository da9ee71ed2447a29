package ledger

import (
	"context"
	_ "embed"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

//go:embed sql/save_zone.sql
var saveZoneSQL string

// LiveIn notes the time zone of an account, in which the days of its apps are cut that
// have none of their own; empty for none.
func (s *Store) LiveIn(ctx context.Context, accountID, zone string) error {
	_, err := s.pool.Exec(ctx, saveZoneSQL, accountID, warehouse.Text(zone))
	return warehouse.Failed("note the time zone of the account", err)
}

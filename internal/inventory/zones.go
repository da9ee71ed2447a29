package inventory

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

//go:embed sql/zones.sql
var zonesSQL string

// AppZone is an app whose days are not simply those of UTC.
type AppZone struct {
	App, Zone   string
	Older, Kept int  // days of another time zone: to be counted anew, or kept by retention
	Waits       bool // whether sessions wait to be counted anew
}

// Zones gives the apps of an account whose days are not simply those of UTC.
func (s *Store) Zones(ctx context.Context, accountID string) ([]AppZone, error) {
	rows, err := s.pool.Query(ctx, zonesSQL, accountID)
	if err != nil {
		return nil, warehouse.Failed("read the time zones of the apps", err)
	}
	zones, err := pgx.CollectRows(rows, pgx.RowToStructByPos[AppZone])
	return zones, warehouse.Failed("read the time zones of the apps", err)
}

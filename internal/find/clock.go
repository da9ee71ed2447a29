package find

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
)

const clockSQL = `SELECT coalesce(max($1::timestamptz AT TIME ZONE analytics.zone_of(app_id)), $1::timestamptz AT TIME ZONE 'UTC')
	FROM realtimekit.apps WHERE $2 = '' OR app_id = $2`

// Clock gives what a clock on the wall shows at a moment where the app lives, as if it
// were one of UTC; for all apps (an empty id) the one that is furthest ahead.
func Clock(ctx context.Context, pool *pgxpool.Pool, now time.Time, app string) (time.Time, error) {
	var shown time.Time
	err := pool.QueryRow(ctx, clockSQL, now, app).Scan(&shown)
	return shown, postgres.Failed("read the time zones of the apps", err)
}

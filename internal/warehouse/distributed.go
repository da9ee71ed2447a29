package warehouse

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// IsDistributed reports whether Citus has the tables.
func IsDistributed(ctx context.Context, on interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
},
) (yes bool, err error) {
	err = on.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM sync.distributed_tables)`).Scan(&yes)
	return yes, err
}

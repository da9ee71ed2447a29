package postgres

import (
	"context"
	_ "embed"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
)

//go:embed others.sql
var othersSQL string

// OtherWarehouses says in a clause that this database has a warehouse whose schemas have
// other names than those that are configured, and how to reach it; empty where it has none.
func OtherWarehouses(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	prefixes, err := texts(ctx, pool, othersSQL)
	if err != nil || len(prefixes) == 0 {
		return "", migrationError("look for other warehouses", err)
	}
	var all []string
	for _, prefix := range prefixes {
		how := "set " + naming.Variable + "=" + prefix
		if prefix == "" {
			how = "leave " + naming.Variable + " unset"
		}
		all = append(all, prefix+"realtimekit (to use that one, "+how+")")
	}
	return "the database has a warehouse under other names: " + strings.Join(all, ", "), nil
}

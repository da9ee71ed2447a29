package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/migrations"
)

var (
	//go:embed see_rows.sql
	seeRowsSQL string
	//go:embed hidden.sql
	hiddenSQL string
	//go:embed hidden_from.sql
	hiddenFromSQL string
)

// hidden lists tables of which row-level security keeps rows from the role. A
// policy that lets it see and write every row hides none.
func hidden(ctx context.Context, q querier, tables []string) ([]string, error) {
	hidden, err := texts(ctx, q, hiddenSQL, tables)
	return hidden, migrationError("look for row-level security", err)
}

// CheckRows refuses to take for absent what the role may not see of some tables,
// by their real names, schema.table, or of all of ours where none is named.
func CheckRows(ctx context.Context, q querier, tables ...string) (err error) {
	if len(tables) == 0 {
		if tables, err = Relations(); err != nil {
			return err
		}
	}
	hidden, err := hidden(ctx, q, tables)
	if err != nil || len(hidden) == 0 {
		return err
	}
	return fmt.Errorf("%w: row-level security hides rows of %s from the role of DATABASE_URL, and what it does not see would be taken for absent; %s",
		model.ErrStore, strings.Join(hidden, ", "), seeAll)
}

// HiddenFrom gives a statement for each of our tables, the queue's included, of which row-level security hides
// rows from a role that has a right on it. Nobody tells whoever only reads: where a server
// switches it on for each new table, as hosted ones offer, a BI tool shows empty tables.
func HiddenFrom(ctx context.Context, pool *pgxpool.Pool, role string) (policies []string, err error) {
	relations, err := Relations()
	if err != nil {
		return nil, err
	}
	policies, err = texts(ctx, pool, hiddenFromSQL, append(relations, queueNames(migrations.Relation)...), role)
	return policies, Failed("look for row-level security", err)
}

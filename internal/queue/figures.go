package queue

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

//go:embed sql/figures.sql
var figuresSQL string

// Figures tells how the queue stands, account by account.
func (q *Queue) Figures(ctx context.Context) ([]model.QueueFigures, error) {
	rows, err := q.pool.Query(ctx, warehouse.WithWorkers(figuresSQL))
	if err != nil {
		return nil, warehouse.Failed("read how the queue stands", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[model.QueueFigures])
	return all, warehouse.Failed("read how the queue stands", err)
}

package queue

import (
	"context"
	_ "embed"
	"time"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

//go:embed sql/ring.sql
var ringSQL string

// Ring wakes the workers of queues in which the time of a job has come within the last while.
// River tells workers of jobs that are made, not of those that were made to wait, nor of more
// than one in a tenth of a second. It would ask for each queue by itself, again and again.
func (q *Queue) Ring(ctx context.Context, queues []string, since time.Duration) error {
	_, err := q.pool.Exec(ctx, ringSQL, queues, since.Seconds(), Schema()+".river_insert")
	return warehouse.Failed("look for jobs whose time has come", err)
}

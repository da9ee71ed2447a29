package queue

import (
	"context"
	_ "embed"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

var (
	//go:embed sql/lost.sql
	lostSQL string
	//go:embed sql/trim.sql
	trimSQL string
)

// Sweep makes the jobs anew of sessions whose job is gone: deleted by hand, or given
// up. It gives how many those were.
func (q *Queue) Sweep(ctx context.Context) (lost int, err error) {
	err = warehouse.Begin(ctx, q.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, lostSQL)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a asked, err error) {
			var now time.Time
			a.isNew, a.isDue = true, true
			err = row.Scan((*[16]byte)(&a.sessionID), &a.accountID, &a.appID, &now)
			q.clock.heard(now)
			return a, err
		})
		if err != nil {
			return err
		}
		lost = len(found)
		return q.make(ctx, tx, found, priorityLists)
	})
	return lost, warehouse.Failed("look for lost jobs", err)
}

// Lists makes the job that lists an account's apps, unless it is there. What lists its apps
// makes the jobs that list their sessions.
func (q *Queue) Lists(ctx context.Context, accountID string) error {
	var now time.Time
	var isThere bool
	err := q.pool.QueryRow(ctx, `SELECT clock_timestamp(), EXISTS (SELECT 1 FROM rollcall_queue.river_job WHERE kind = 'list_apps' AND args ->> 'account_id' = $1
		AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled'))`, accountID).Scan(&now, &isThere)
	if err == nil && !isThere {
		q.clock.heard(now)
		_, err = q.river.Insert(ctx, ListApps{AccountID: accountID}, once(accountID, priorityLists, time.Time{}))
	}
	return warehouse.Failed("queue the list of apps", err)
}

// mostFailures is how many failures are told of a job at least; how long it waits for its
// next try does not change after nine.
const mostFailures = 20

// Prune forgets what webhooks told more than 30 days ago, and the oldest failures of jobs that
// fail again and again.
func (q *Queue) Prune(ctx context.Context) error {
	_, err := q.pool.Exec(ctx, `DELETE FROM sync.webhook_events WHERE last_received_at < now() - interval '30 days'`)
	if err == nil {
		_, err = q.pool.Exec(ctx, trimSQL, mostFailures)
	}
	return warehouse.Failed("forget old webhooks and failures", err)
}

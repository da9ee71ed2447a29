package ledger

import (
	"context"
	_ "embed"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Most that an overview lists of runs and of sessions with a problem.
const (
	overviewRuns     = 5
	overviewProblems = 20
)

var (
	//go:embed sql/overview_sessions.sql
	overviewSessionsSQL string
	//go:embed sql/overview_backfills.sql
	overviewBackfillsSQL string
	//go:embed sql/overview_backlog.sql
	overviewBacklogSQL string
	//go:embed sql/overview_tokens.sql
	overviewTokensSQL string
	//go:embed sql/overview_queue.sql
	overviewQueueSQL string
)

// Overview reads the state of an account at one moment.
func (s *Store) Overview(ctx context.Context, accountID string) (model.Overview, error) {
	var o model.Overview
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT now(), pg_is_in_recovery()`).Scan(&o.At, &o.Standby); err != nil {
			return err
		}
		o.At = o.At.UTC()
		return overview(ctx, tx, accountID, &o)
	})
	return o, warehouse.Failed("read the status", err)
}

func overview(ctx context.Context, tx pgx.Tx, accountID string, o *model.Overview) (err error) {
	o.Runs, err = list[model.RunOverview](ctx, tx, warehouse.WithWorkers(`SELECT run_id, kind, status, started_at, finished_at, requests, sessions_listed, sessions_read,
			rows_inserted + rows_updated + other_rows_written, error, budget_wait_seconds, false
		FROM sync.runs WHERE account_id = $1 AND (run_id IN (SELECT run_id FROM sync.runs WHERE account_id = $1 ORDER BY run_id DESC LIMIT $2)
			OR kind = 'work' AND status = 'running' AND worker_is_alive(worker))
		ORDER BY run_id DESC`), accountID, overviewRuns)
	if err != nil {
		return err
	}
	if err := underWay(ctx, tx, accountID, o.Runs); err != nil {
		return err
	}
	o.Apps, err = list[model.AppOverview](ctx, tx, `SELECT s.app_id, a.name, s.watermark, s.discovered_at, s.last_error
		FROM sync.app_states AS s LEFT JOIN realtimekit.apps AS a USING (app_id)
		WHERE s.account_id = $1 ORDER BY a.name NULLS LAST, s.app_id`, accountID)
	if err != nil {
		return err
	}
	counts, err := list[model.SessionCounts](ctx, tx, overviewSessionsSQL, accountID)
	if err != nil {
		return err
	}
	o.Sessions = counts[0] // an aggregate has one row
	o.Problems, err = list[model.SessionProblem](ctx, tx, `SELECT t.session_id::text, t.app_id, s.meeting_title, t.created_at, t.attempts,
			t.retry_at, t.last_error
		FROM sync.session_states AS t LEFT JOIN realtimekit.sessions AS s USING (session_id)
		WHERE t.last_error IS NOT NULL AND t.gone_at IS NULL
		  AND t.app_id IN (SELECT app_id FROM realtimekit.apps WHERE account_id = $1)
		ORDER BY t.created_at DESC NULLS LAST, t.session_id LIMIT $2`, accountID, overviewProblems)
	if err != nil {
		return err
	}
	o.Rejected, err = list[model.RejectedOverview](ctx, tx, `SELECT entity, count(*) FROM sync.rejected_records AS t
		WHERE resolved_at IS NULL AND `+warehouse.RejectAccount+` = $1 GROUP BY entity ORDER BY entity`, accountID)
	if err != nil {
		return err
	}
	sees, err := seesQueue(ctx, tx)
	if err != nil {
		return err
	}
	if o.Backfills, err = backfills(ctx, tx, accountID, sees); err != nil {
		return err
	}
	if sees && !o.Standby {
		if o.Queue, err = queueOf(ctx, tx, accountID); err != nil {
			return err
		}
	}
	return backlogAndBudget(ctx, tx, accountID, o)
}

// seesQueue tells whether the role may see the queue. A restore may have left it out, which
// rollcall doctor tells.
func seesQueue(ctx context.Context, tx pgx.Tx) (sees bool, err error) {
	err = tx.QueryRow(ctx, `SELECT CASE WHEN has_schema_privilege(to_regnamespace('rollcall_queue'), 'USAGE')
		THEN coalesce(has_table_privilege(to_regclass('rollcall_queue.river_job'), 'SELECT'), false) ELSE false END`).Scan(&sees)
	return sees, err
}

// queueOf gives how an account's queue stands; nil where it has none, or only the primary knows.
func queueOf(ctx context.Context, tx pgx.Tx, accountID string) (*model.QueueOverview, error) {
	folded := strings.ToLower(accountID)
	found, err := list[model.QueueOverview](ctx, tx, warehouse.WithWorkers(overviewQueueSQL), accountID, []string{"account_" + folded, "optional_" + folded})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// backfills gives those that are not done. Which of them workers do is seen by roles that
// may see the queue: those that load.
func backfills(ctx context.Context, tx pgx.Tx, accountID string, seesQueue bool) ([]model.BackfillOverview, error) {
	if seesQueue {
		return list[model.BackfillOverview](ctx, tx, overviewBackfillsSQL, accountID)
	}
	return list[model.BackfillOverview](ctx, tx, `SELECT app_id, range_from, nullif(range_to, 'infinity'), checkpoint, saved_at, is_full, false
		FROM sync.backfills WHERE account_id = $1 ORDER BY range_from, range_to, is_full, app_id`, accountID)
}

// underWay marks the runs whose process is alive: it holds the lock of its kind.
func underWay(ctx context.Context, tx pgx.Tx, accountID string, runs []model.RunOverview) error {
	holders, err := lockHolders(ctx, tx, accountID)
	if err != nil {
		return err
	}
	for i := range runs {
		for _, h := range holders {
			runs[i].UnderWay = runs[i].UnderWay || h.RunID == runs[i].ID
		}
	}
	return nil
}

func backlogAndBudget(ctx context.Context, tx pgx.Tx, accountID string, o *model.Overview) error {
	backlog, err := list[model.Backlog](ctx, tx, overviewBacklogSQL, accountID)
	if err != nil {
		return err
	}
	o.Backlog = backlog[0] // an aggregate has one row
	err = tx.QueryRow(ctx, `SELECT coalesce(sum(requests) FILTER (WHERE finished_at > now() - interval '1 hour'), 0)::bigint,
			coalesce(sum(requests), 0)::bigint, coalesce(sum(budget_wait_seconds), 0)
		FROM sync.runs WHERE account_id = $1 AND finished_at > now() - interval '1 day'`, accountID).
		Scan(&o.Budget.Requests1h, &o.Budget.Requests24h, &o.Budget.Wait24h)
	if err != nil {
		return err
	}
	if o.Standby { // it has no unlogged tables
		o.Budget.Tokens = []model.TokenBudget{}
		return nil
	}
	o.Budget.Tokens, err = list[model.TokenBudget](ctx, tx, overviewTokensSQL)
	for i := range o.Budget.Tokens {
		if o.Budget.Tokens[i].Quotas == nil {
			o.Budget.Tokens[i].Quotas = []model.TokenQuota{}
		}
	}
	return err
}

func list[T any](ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}

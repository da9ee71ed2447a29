package warehouse

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// refreshBatch bounds how many sessions one transaction of RefreshAnalytics
// takes, so that none is long.
const refreshBatch = 500

// RefreshAnalytics brings the tables of usage by day up to date with the
// sessions that were changed since, whoever changed them, and gives how many
// those were. What it did not come to, or another process is doing, is left for
// whoever calls next.
func (d *DB) RefreshAnalytics(ctx context.Context) (sessions int, err error) {
	return refreshAll(func() (int, error) { return d.refresh(ctx) })
}

// RefreshSome is one batch of [DB.RefreshAnalytics], for a run that goes on.
func (d *DB) RefreshSome(ctx context.Context) (sessions int, err error) {
	if sessions, err = d.refresh(ctx); err != nil {
		return 0, Failed("refresh the usage by day", err)
	}
	return sessions, nil
}

func (d *DB) refresh(ctx context.Context) (sessions int, err error) {
	if err = d.Pool.QueryRow(ctx, refreshFewSQL, refreshBatch, worthwhile).Scan(&sessions); err != nil || sessions >= 0 {
		return sessions, err
	}
	sessions, left, err := d.countNewDays(ctx)
	if err != nil || sessions > 0 && left < refreshBatch/2 { // what is left must not fill all batches
		return sessions, err
	}
	var rest int
	err = d.Pool.QueryRow(ctx, refreshSQL, refreshBatch).Scan(&rest)
	return sessions + rest, err
}

const (
	// DeriveSQL belongs into the transaction that changes rows of the sessions, after
	// them and their states, and before their rows in the ledger.
	DeriveSQL = `SELECT analytics.derive($1)`
	// RecountSQL lets the days of sessions be counted from the beginning by the refresh
	// that counts these next, but for days of which retention deleted a session.
	RecountSQL = `WITH known AS MATERIALIZED (
			SELECT s.app_id, coalesce(s.started_at, s.created_at) AS starts_at, f.time_zone, i.joined_at, i.left_at
			FROM realtimekit.sessions AS s
			LEFT JOIN analytics.session_figures AS f ON f.session_id = s.session_id
			LEFT JOIN analytics.presences AS i ON i.session_id = s.session_id
			WHERE s.session_id = ANY ($1)
		)
		UPDATE analytics.usage_days AS u SET is_stale = true
		FROM (SELECT app_id, usage_date FROM analytics.session_dates WHERE session_id = ANY ($1)
		      UNION
		      SELECT s.app_id, d.usage_date
		      FROM (SELECT app_id, starts_at, joined_at, left_at, coalesce(time_zone, analytics.zone_of(app_id)) AS time_zone FROM known) AS s
		      CROSS JOIN LATERAL (
		          SELECT analytics.day_of(s.starts_at, s.time_zone) AS usage_date
		          UNION ALL
		          SELECT analytics.day_of(s.joined_at, s.time_zone) + n
		          FROM generate_series(0, analytics.day_of(s.left_at, s.time_zone) - analytics.day_of(s.joined_at, s.time_zone)) AS n) AS d) AS d
		WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date AND NOT u.is_stale AND NOT EXISTS (
			SELECT 1 FROM analytics.session_dates AS g WHERE g.is_gone AND g.app_id = d.app_id AND g.usage_date = d.usage_date)`
	refreshSQL      = `SELECT analytics.refresh($1)`
	tryAnalyticsSQL = `SELECT pg_try_advisory_xact_lock(hashtextextended('rollcall:analytics', 0))`
	// HoldAnalyticsSQL takes the lock of analytics.refresh, which itself never waits:
	// without it, it does nothing.
	HoldAnalyticsSQL = `SELECT pg_advisory_xact_lock(hashtextextended('rollcall:analytics', 0))`
)

// PlanOnNodes queues what goes before DeriveSQL on a cluster, where the settings of
// analytics.derive hold on the coordinator alone. A node that has no statistics yet takes a
// large session for a few rows, and would compute all of its presences once for each participant;
// one that knows a part of them would merge the two by their session alone.
func PlanOnNodes(batch *pgx.Batch) {
	batch.Queue(`SET LOCAL citus.propagate_set_commands TO 'local'`)
	batch.Queue(`SET LOCAL enable_nestloop TO off`)
	batch.Queue(`SET LOCAL enable_mergejoin TO off`)
	batch.Queue(`SET LOCAL enable_material TO off`)
	batch.Queue(`SET LOCAL enable_seqscan TO off`)
	batch.Queue(`SET LOCAL jit TO off`) // what is off counts as so costly that it would be compiled
}

// AwaitAnalytics is RefreshAnalytics for whoever needs the days: it waits for a
// process that computes them, and when it returns there was nothing left.
func (d *DB) AwaitAnalytics(ctx context.Context) error {
	_, err := refreshAll(func() (int, error) { return d.refreshAlone(ctx) })
	return err
}

// AwaitChanges is AwaitAnalytics for what has changed by now: others may store without end.
func (d *DB) AwaitChanges(ctx context.Context) error {
	var last int64
	if err := d.Pool.QueryRow(ctx, `SELECT coalesce(max(change_id), 0) FROM analytics.stale_sessions`).Scan(&last); err != nil {
		return Failed("look for changed sessions", err)
	}
	_, err := refreshAll(func() (left int, err error) {
		if _, err := d.refreshAlone(ctx); err != nil {
			return 0, err
		}
		err = d.Pool.QueryRow(ctx, `SELECT count(*) FROM analytics.stale_sessions WHERE change_id <= $1`, last).Scan(&left)
		return left, err
	})
	return err
}

// refreshAlone is one batch, once nobody else is at it.
func (d *DB) refreshAlone(ctx context.Context) (n int, err error) {
	err = Again(ctx, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, HoldAnalyticsSQL); err != nil {
				return err
			}
			return tx.QueryRow(ctx, refreshSQL, refreshBatch).Scan(&n)
		})
	})
	return n, err
}

// refreshAll takes batches until one has no session.
func refreshAll(batch func() (int, error)) (sessions int, err error) {
	for {
		n, err := batch()
		if err != nil {
			return sessions, Failed("refresh the usage by day", err)
		}
		if n == 0 {
			return sessions, nil
		}
		sessions += n
	}
}

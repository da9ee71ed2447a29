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
	return refreshAll(func() (n int, err error) {
		err = d.Pool.QueryRow(ctx, refreshSQL, refreshBatch).Scan(&n)
		return n, err
	})
}

const (
	// DeriveSQL belongs into the transaction that changes rows of the sessions, after
	// them and their states, and before their rows in the ledger.
	DeriveSQL = `SELECT analytics.derive($1)`
	// RecountSQL lets the days of sessions be counted from the beginning by the refresh
	// that counts these next, but for days of which retention deleted a session.
	RecountSQL = `UPDATE analytics.usage_days AS u SET is_stale = true
		FROM (SELECT app_id, usage_date FROM analytics.session_dates WHERE session_id = ANY ($1)
		      UNION
		      SELECT s.app_id, analytics.day_of(coalesce(s.started_at, s.created_at), z.time_zone) FROM realtimekit.sessions AS s
		      LEFT JOIN analytics.session_figures AS f ON f.session_id = s.session_id
		      CROSS JOIN LATERAL (SELECT coalesce(f.time_zone, analytics.zone_of(s.app_id)) AS time_zone) AS z
		      WHERE s.session_id = ANY ($1)
		      UNION
		      SELECT s.app_id, d.first_day + n FROM realtimekit.sessions AS s JOIN analytics.presences AS i ON i.session_id = s.session_id
		      LEFT JOIN analytics.session_figures AS f ON f.session_id = s.session_id
		      CROSS JOIN LATERAL (SELECT coalesce(f.time_zone, analytics.zone_of(s.app_id)) AS time_zone) AS z
		      CROSS JOIN LATERAL (SELECT analytics.day_of(i.joined_at, z.time_zone) AS first_day, analytics.day_of(i.left_at, z.time_zone) AS last_day) AS d
		      CROSS JOIN LATERAL generate_series(0, d.last_day - d.first_day) AS n
		      WHERE s.session_id = ANY ($1)) AS d
		WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date AND NOT u.is_stale AND NOT EXISTS (
			SELECT FROM analytics.session_dates AS g WHERE g.is_gone AND g.app_id = d.app_id AND g.usage_date = d.usage_date)`
	refreshSQL = `SELECT analytics.refresh($1)`
	// HoldAnalyticsSQL takes the lock of analytics.refresh, which itself never waits:
	// without it, it does nothing.
	HoldAnalyticsSQL = `SELECT pg_advisory_xact_lock(hashtextextended('rollcall:analytics', 0))`
)

// AwaitAnalytics is RefreshAnalytics for whoever needs the days: it waits for a
// process that computes them, and when it returns there was nothing left.
func (d *DB) AwaitAnalytics(ctx context.Context) error {
	_, err := refreshAll(func() (n int, err error) {
		err = pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, HoldAnalyticsSQL); err != nil {
				return err
			}
			return tx.QueryRow(ctx, refreshSQL, refreshBatch).Scan(&n)
		})
		return n, err
	})
	return err
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

package erasure

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// A session that a crash left open is taken to last until it was last read, though nobody
// was seen, and one whose end lies years ahead for as long as a presence may. The days that it
// reaches from the horizon on are not kept as they are: other sessions of theirs are there, and
// more may come.

// openDays are such days.
type openDays struct {
	apps  []string
	dates []pgtype.Date
}

// takeOpenDays takes the sessions of the batch that were left open off the days from the
// horizon on. A day that is kept for the sake of another session stays as it is.
func takeOpenDays(ctx context.Context, tx pgx.Tx, ids []pgtype.UUID, horizon time.Time) (days openDays, err error) {
	// By itself, since a node of a cluster does not know the days.
	rows, err := tx.Query(ctx, `SELECT session_id FROM realtimekit.sessions WHERE session_id = ANY ($1) AND (status IS DISTINCT FROM 'ENDED' OR ended_at >= $2)`, ids, horizon)
	if err != nil {
		return days, err
	}
	open, err := pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
	if err != nil || len(open) == 0 {
		return days, err
	}
	err = tx.QueryRow(ctx, `WITH taken AS (
			DELETE FROM analytics.session_dates AS d
			WHERE d.session_id = ANY ($1) AND analytics.day_starts_at(d.usage_date, d.time_zone) >= $3
			  AND NOT EXISTS (SELECT 1 FROM analytics.session_dates AS g
			                  WHERE g.app_id = d.app_id AND g.usage_date = d.usage_date
			                    AND (g.is_gone OR g.session_id = ANY ($2) AND NOT g.session_id = ANY ($1)))
			RETURNING d.app_id, d.usage_date
		), days AS (SELECT DISTINCT app_id, usage_date FROM taken), doubted AS (
			UPDATE analytics.usage_days AS u SET is_stale = true FROM days AS d WHERE u.app_id = d.app_id AND u.usage_date = d.usage_date
		)
		SELECT coalesce(array_agg(app_id), '{}'), coalesce(array_agg(usage_date), '{}') FROM days`,
		open, ids, horizon).Scan(&days.apps, &days.dates)
	return days, err
}

// recount counts the days anew, once the rows of the sessions are gone.
func (d openDays) recount(ctx context.Context, tx pgx.Tx) error {
	if len(d.apps) == 0 {
		return nil
	}
	const ofDays = ` USING unnest($1::text[], $2::date[]) AS d (app_id, usage_date) WHERE t.app_id = d.app_id AND t.usage_date = d.usage_date
		AND NOT EXISTS (SELECT 1 FROM analytics.session_dates AS o WHERE o.app_id = d.app_id AND o.usage_date = d.usage_date)`
	var derived int
	err := deleteAll(ctx, tx, []any{d.apps, d.dates}, []step{
		{`DELETE FROM analytics.usage_days AS t` + ofDays, &derived},
		{`DELETE FROM analytics.usage_preset_days AS t` + ofDays, &derived},
		{`DELETE FROM analytics.usage_curves AS t` + ofDays, &derived},
		{`DELETE FROM analytics.usage_ids AS t` + ofDays, &derived},
		{`DELETE FROM analytics.shared_person_days AS t` + ofDays, &derived},
	})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `SELECT analytics.count_sessions(ARRAY (
		SELECT DISTINCT o.session_id FROM analytics.session_dates AS o JOIN unnest($1::text[], $2::date[]) AS d (app_id, usage_date)
			ON o.app_id = d.app_id AND o.usage_date = d.usage_date))`, d.apps, d.dates)
	return err
}

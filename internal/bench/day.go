package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
)

// dayPeople are in each session of a day; one of them is in four sessions.
const dayPeople = 10

// dayBatch is how many sessions one transaction of a refresh takes, as in a run.
const dayBatch = 500

// daySQL fills one day of one app with $1 sessions, spread over 23 hours, and derives
// what the loader derives, but counts nothing yet.
var daySQL = []string{
	`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) SELECT 'a', 'account', now(), now(), 1 WHERE $1::integer > 0`,
	`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, minutes_consumed, first_synced_at, synced_at, run_id)
	SELECT md5(n::text)::uuid, 'a', 'ENDED', t, t + interval '30 minutes', n % 7, now(), now(), 1
	FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT timestamptz '2026-01-01Z' + n * interval '23 hours' / $1 AS t) AS t`,
	`INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, preset_name, joined_at, left_at, run_id)
	SELECT md5(n::text)::uuid, md5(n || ' ' || i)::uuid, CASE i WHEN 1 THEN 'teacher ' || n / 4 ELSE 'pupil ' || n || ' ' || i END,
	       CASE i WHEN 1 THEN 'T' || n / 4 ELSE 'P' || n || '-' || i END, CASE i WHEN 1 THEN 'host' ELSE 'student' END,
	       s.started_at + i * interval '7.3 seconds', s.ended_at - i * interval '11.1 seconds', 1
	FROM generate_series(1, $1::integer) AS n
	JOIN realtimekit.sessions AS s ON s.session_id = md5(n::text)::uuid
	CROSS JOIN generate_series(1, ` + fmt.Sprint(dayPeople) + `) AS i`,
	`SELECT analytics.derive(ids)
	FROM (SELECT array_agg(md5(n::text)::uuid) AS ids FROM generate_series(1, $1::integer) AS n GROUP BY n / ` + fmt.Sprint(dayBatch) + `) AS b`,
	`INSERT INTO analytics.stale_sessions (session_id, started_at, is_derived)
	SELECT session_id, started_at, true FROM realtimekit.sessions WHERE $1::integer > 0`,
}

// days prints what the first refresh of a day costs a session, and what one changed
// session costs afterwards, in days of few and of many sessions.
func (b *bench) days(ctx context.Context) error {
	out := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "sessions\tfirst: CPU ms a session\tlast batch\tWAL KiB a session\tone changed: rows read\tpages\tms\t\n")
	for _, sessions := range []int{200, 2000, 20000} {
		if err := b.day(ctx, sessions, out); err != nil {
			return errors.Join(err, out.Flush())
		}
	}
	return out.Flush()
}

func (b *bench) day(ctx context.Context, sessions int, out *tabwriter.Writer) (err error) {
	w, err := b.newWarehouse(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.drop(ctx)) }()
	for _, sql := range daySQL {
		if _, err := w.Exec(ctx, sql, sessions); err != nil {
			return err
		}
	}
	m, err := startMeter(ctx, w.Pool)
	if err != nil {
		return err
	}
	last, err := b.firstRefresh(ctx, w)
	if err != nil {
		return err
	}
	u, err := m.stop(ctx)
	if err != nil {
		return err
	}
	c, err := changeOne(ctx, w, sessions/2)
	if err != nil {
		return err
	}
	perSession := func(d time.Duration, n int) float64 { return float64(d.Microseconds()) / 1000 / float64(n) }
	fmt.Fprintf(out, "%d\t%.2f\t%.2f\t%.1f\t%d\t%d\t%.0f\t\n", sessions, perSession(u.postgres, sessions), perSession(last, min(sessions, dayBatch)),
		float64(u.wal)/1024/float64(sessions), c.rows, c.pages, float64(c.took.Microseconds())/1000)
	return nil
}

// firstRefresh counts the day, and gives the CPU time of the last batch.
func (b *bench) firstRefresh(ctx context.Context, w *warehouse) (last time.Duration, err error) {
	for {
		before, err := serverTime(ctx, w.Pool)
		if err != nil {
			return 0, err
		}
		var n int
		if err := w.QueryRow(ctx, "SELECT analytics.refresh($1)", dayBatch).Scan(&n); err != nil || n == 0 {
			return last, err
		}
		after, err := serverTime(ctx, w.Pool)
		if err != nil {
			return 0, err
		}
		last = after - before
	}
}

// oneChange is what a refresh for one session took.
type oneChange struct {
	rows, pages int
	took        time.Duration
}

const readSQL = `SELECT coalesce(sum(s.seq_tup_read + coalesce(s.idx_tup_fetch, 0)), 0)::bigint,
	coalesce(sum(pg_stat_get_xact_blocks_fetched(s.relid)), 0)::bigint
	FROM pg_stat_xact_user_tables AS s WHERE s.schemaname IN ('realtimekit', 'analytics', 'sync')`

// changeOne lets the people of one session come a minute later.
func changeOne(ctx context.Context, w *warehouse, n int) (c oneChange, err error) {
	if _, err := w.Exec(ctx, "VACUUM (ANALYZE)"); err != nil {
		return c, err
	}
	for _, sql := range []string{
		`UPDATE realtimekit.participants SET joined_at = joined_at + interval '61 seconds' WHERE session_id = md5($1::text)::uuid`,
		`INSERT INTO analytics.stale_sessions (session_id) SELECT md5($1::text)::uuid`,
	} {
		if _, err := w.Exec(ctx, sql, fmt.Sprint(n)); err != nil {
			return c, err
		}
	}
	err = pgx.BeginFunc(ctx, w.Pool, func(tx pgx.Tx) error {
		began := time.Now()
		if _, err := tx.Exec(ctx, "SELECT analytics.refresh(1)"); err != nil {
			return err
		}
		c.took = time.Since(began)
		return tx.QueryRow(ctx, readSQL).Scan(&c.rows, &c.pages)
	})
	return c, err
}

package find

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/alike"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Query chooses sessions. Each zero value restricts nothing.
type Query struct {
	From, To Bound  // of the start: from From until before To
	App      string // app_id
	// Title is what the meeting's title contains, as [alike.Key] compares. Where titles
	// are exactly that, those that only contain it are left out.
	Title string
	Live  bool // only those that are LIVE
	Limit int  // most to give, the newest; 0 for all
}

// Bound is a time, or the midnight at which a day of each app begins. The zero value is
// none.
type Bound struct {
	At    time.Time // of a day its midnight in UTC
	IsDay bool
}

// Session is one that was found. Its JSON form is what "sessions --json" prints: null
// where something is not known.
type Session struct {
	ID       string     `json:"session_id"`
	AppID    string     `json:"app_id"`
	App      *string    `json:"app_name"`
	Title    *string    `json:"meeting_title"`
	StartsAt *time.Time `json:"starts_at"` // UTC
	Seconds  *float64   `json:"session_seconds"`
	People   int64      `json:"unique_people"`
	State    string     `json:"state"` // "live", "complete" or "not complete"
}

// began chooses sessions by everything but the title.
const began = `FROM analytics.session_bounds
	WHERE ($1::timestamptz IS NULL OR starts_at >= $1 - interval '24 hours' AND
	           starts_at >= CASE WHEN $5 THEN analytics.day_starts_at(($1 AT TIME ZONE 'UTC')::date, time_zone) ELSE $1 END)
	  AND ($2::timestamptz IS NULL OR starts_at < $2 + interval '24 hours' AND
	           starts_at < CASE WHEN $6 THEN analytics.day_starts_at(($2 AT TIME ZONE 'UTC')::date, time_zone) ELSE $2 END)
	  AND ($3 = '' OR app_id = $3) AND (NOT $4 OR status = 'LIVE')`

const titlesSQL = `SELECT DISTINCT meeting_title ` + began + ` AND meeting_title IS NOT NULL`

const chosenSQL = `WITH fitting AS (SELECT session_id, starts_at ` + began + ` AND ($7::text[] IS NULL OR meeting_title = ANY ($7)))`

// The length and the people of a session are computed for those alone that are given.
const sessionsSQL = chosenSQL + `
SELECT s.session_id::text, s.app_id, s.app_name, s.meeting_title, s.starts_at, s.session_seconds, s.unique_people,
       CASE WHEN s.status = 'LIVE' THEN 'live' WHEN s.is_complete THEN 'complete' ELSE 'not complete' END
FROM (SELECT * FROM fitting ORDER BY starts_at DESC NULLS LAST, session_id LIMIT nullif($8::int, 0)) AS newest
CROSS JOIN LATERAL (SELECT * FROM analytics.session_summary WHERE session_id = newest.session_id) AS s
ORDER BY newest.starts_at DESC NULLS LAST, newest.session_id`

// Sessions gives the newest sessions that fit, and how many fit in all.
func Sessions(ctx context.Context, pool *pgxpool.Pool, q Query) (found []Session, all int, err error) {
	args := []any{orNull(q.From.At), orNull(q.To.At), q.App, q.Live, q.From.IsDay, q.To.IsDay}
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		titles, err := q.titles(ctx, tx, args)
		if err != nil {
			return err
		}
		args = append(args, titles)
		if err := tx.QueryRow(ctx, chosenSQL+` SELECT count(*) FROM fitting`, args...).Scan(&all); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sessionsSQL, append(args, q.Limit)...)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Session])
		return err
	})
	for i := range found {
		if at := found[i].StartsAt; at != nil {
			*at = at.UTC()
		}
	}
	return found, all, postgres.Failed("find the sessions", err)
}

// titles gives those that the query's title means, or null for all. Which letters are the
// same is decided here: a server of locale C knows only those of ASCII.
func (q Query) titles(ctx context.Context, tx pgx.Tx, args []any) ([]string, error) {
	if q.Title == "" {
		return nil, nil
	}
	rows, err := tx.Query(ctx, titlesSQL, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return titled(all, q.Title), err
}

// titled chooses the titles that are the wanted one, else those that contain it.
func titled(all []string, wanted string) []string {
	exact, containing := []string{}, []string{}
	key := alike.Key(wanted)
	for _, title := range all {
		switch own := alike.Key(title); {
		case key == "":
		case own == key:
			exact = append(exact, title)
		case strings.Contains(own, key):
			containing = append(containing, title)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return containing
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

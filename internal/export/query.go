package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
)

// Filter restricts the rows. Each zero value restricts nothing.
type Filter struct {
	Session  model.UUID
	App      string    // app_id
	Meeting  string    // meeting_id
	Person   string    // person_id
	From, To time.Time // days of each app, as midnights in UTC: from From until before To
}

// clauses are the conditions of a statement with their arguments. Names in them come from
// the catalogue and are quoted; everything that a user gave is an argument.
type clauses struct {
	all      []string
	sessions []string // of the sessions of the rows, as analytics.session_bounds has them
	args     []any
}

func (c *clauses) number(condition string, values []any) string {
	for _, value := range values {
		c.args = append(c.args, value)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(c.args)), 1)
	}
	return condition
}

func (c *clauses) add(condition string, values ...any) {
	c.all = append(c.all, c.number(condition, values))
}

func (c *clauses) ofSession(condition string, values ...any) {
	c.sessions = append(c.sessions, c.number(condition, values))
}

// where gives the conditions. The sessions are chosen at once: of a range's two ends, each by
// itself leaves half of the history to be read.
func (c *clauses) where() string {
	all := c.all
	if len(c.sessions) > 0 {
		all = append(all, "session_id IN (SELECT session_id FROM analytics.session_bounds WHERE "+strings.Join(c.sessions, " AND ")+")")
	}
	if len(all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

// query builds the statement for a view.
func (v view) query(f Filter) (string, []any, error) {
	var c clauses
	if !f.Session.IsZero() {
		if !v.has("session_id") {
			return "", nil, v.unfit("--session", "it has no column session_id")
		}
		c.add("session_id = ?", f.Session)
	}
	if f.App != "" {
		switch {
		case v.has("app_id"):
			c.add("app_id = ?", f.App)
		case v.has("session_id"):
			c.ofSession("app_id = ?", f.App)
		default:
			return "", nil, v.unfit("--app", "it has neither app_id nor session_id")
		}
	}
	for _, id := range []struct{ flag, column, value string }{{"--meeting", "meeting_id", f.Meeting}, {"--person", "person_id", f.Person}} {
		if id.value == "" {
			continue
		}
		if !v.has(id.column) {
			return "", nil, v.unfit(id.flag, "it has no column "+id.column)
		}
		c.add(id.column+" = ?", id.value)
	}
	from := pgx.Identifier{v.schema, v.name}.Sanitize()
	if v.ofRange {
		from += c.number("(?, ?)", []any{v.from, v.until})
	} else if !f.From.IsZero() || !f.To.IsZero() {
		if err := v.within(f, &c); err != nil {
			return "", nil, err
		}
	}
	sql := "SELECT " + strings.Join(v.selected(), ", ") + " FROM " + from + c.where()
	return sql + " ORDER BY " + strings.Join(v.order(), ", "), c.args, nil
}

// orInfinity gives an end of a range, which may be open.
func orInfinity(t time.Time, open pgtype.InfinityModifier) pgtype.Timestamptz {
	if t.IsZero() {
		return pgtype.Timestamptz{InfinityModifier: open, Valid: true}
	}
	return pgtype.Timestamptz{Time: t, Valid: true}
}

// As analytics.zone_of has them.
const zonesSQL = `SELECT DISTINCT coalesce(k.time_zone, z.time_zone, 'UTC') AS zone FROM realtimekit.apps AS a
	LEFT JOIN analytics.settings AS k ON k.app_id = a.app_id AND k.meeting_id = ''
	LEFT JOIN sync.account_zones AS z ON z.account_id = a.account_id
	WHERE $1 = '' OR a.app_id = $1 ORDER BY zone`

// A day without limit stays one.
const momentsSQL = `SELECT CASE WHEN isfinite($1::timestamptz) THEN analytics.day_starts_at(($1 AT TIME ZONE 'UTC')::date, $3) ELSE $1 END,
	CASE WHEN isfinite($2::timestamptz) THEN analytics.day_starts_at(($2 AT TIME ZONE 'UTC')::date, $3) ELSE $2 END`

// Bounds gives the moments at which the days of a range, given as midnights in UTC, begin
// and end in a time zone. A zero one is an open end.
func Bounds(ctx context.Context, tx pgx.Tx, from, to time.Time, zone string) (first, last pgtype.Timestamptz, err error) {
	first, last = orInfinity(from, pgtype.NegativeInfinity), orInfinity(to, pgtype.Infinity)
	err = tx.QueryRow(ctx, momentsSQL, first, last, zone).Scan(&first, &last)
	return first, last, err
}

// between gives a function the moments at which the days of a range begin and end where
// the app is. For apps in several time zones these are several ranges.
func (v *view) between(ctx context.Context, tx pgx.Tx, f Filter) (err error) {
	v.from, v.until = orInfinity(f.From, pgtype.NegativeInfinity), orInfinity(f.To, pgtype.Infinity)
	if f.From.IsZero() && f.To.IsZero() {
		return nil
	}
	rows, err := tx.Query(ctx, zonesSQL, f.App)
	if err != nil {
		return err
	}
	zones, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil:
		return err
	case len(zones) == 0:
		return nil
	case len(zones) > 1:
		return fmt.Errorf("%w: days are those of each app, and the apps are in several time zones (%s): give --app to restrict %s to days",
			model.ErrUsage, strings.Join(zones, ", "), v.name)
	}
	v.from, v.until, err = Bounds(ctx, tx, f.From, f.To, zones[0])
	return err
}

// within restricts to days of each app: those of a view by day, else the day on which
// a session began.
func (v view) within(f Filter, c *clauses) error {
	day := v.first("usage_date", "stats_date")
	var own string
	if v.schema == naming.Real("analytics") {
		own = v.first("started_at") // data_quality has rows without a session
		if own == "" && !v.has("session_id") {
			own = v.first("starts_at") // of a lesson
		}
	}
	for _, bound := range []struct {
		at, near time.Time // near is a time that an index finds, whatever the zone
		operator string
	}{{f.From, f.From.AddDate(0, 0, -1), ">="}, {f.To, f.To.AddDate(0, 0, 1), "<"}} {
		if bound.at.IsZero() {
			continue
		}
		date := bound.at.UTC().Format(time.DateOnly)
		switch {
		case day != "":
			c.add(day+" "+bound.operator+" ?::date", date)
		case own != "" && v.has("time_zone"):
			c.add(own+" "+bound.operator+" ?", bound.near)
			c.add(own+" "+bound.operator+" analytics.day_starts_at(?::date, time_zone)", date)
		case own != "":
			c.add(own+" "+bound.operator+" ?", bound.at)
		case v.has("session_id"):
			c.ofSession("starts_at "+bound.operator+" ? AND started_date "+bound.operator+" ?::date", bound.near, date)
		default:
			return v.unfit("--from and --to", "it has neither a day nor session_id")
		}
	}
	return nil
}

func (v view) unfit(flags, why string) error {
	return fmt.Errorf("%w: %s cannot restrict the view %s: %s", model.ErrUsage, flags, v.name, why)
}

// selected lists the columns; those without a type of their own in the formats
// come as text.
func (v view) selected() []string {
	var all []string
	for _, c := range v.shown {
		name := pgx.Identifier{c.name}.Sanitize()
		if c.kind == kindText || c.kind == kindNumeric {
			name += "::text"
		}
		all = append(all, name)
	}
	return all
}

// order is by the primary key of a table, which has an index. A view is ordered by
// time where it has one of its own, then by all columns in turn, so that the same
// data always comes in the same order, whatever the collation of the database.
func (v view) order() []string {
	if v.schema != naming.Real("analytics") && len(v.key) > 0 {
		var key []string
		for _, name := range v.key {
			key = append(key, pgx.Identifier{name}.Sanitize())
		}
		return key
	}
	var all []string
	if leading := v.first("usage_date", "stats_date", "session_starts_at", "session_started_at", "starts_at", "started_at"); leading != "" {
		all = append(all, pgx.Identifier{leading}.Sanitize())
	}
	for _, c := range v.shown {
		name := pgx.Identifier{c.name}.Sanitize()
		if c.kind == kindText {
			name += `::text COLLATE "C"`
		}
		all = append(all, name)
	}
	return all
}

// known refuses a session or an app that the warehouse does not hold: an empty
// file would look like an answer.
func known(ctx context.Context, tx pgx.Tx, f Filter) error {
	if !f.Session.IsZero() {
		err := tx.QueryRow(ctx, `SELECT FROM analytics.session_bounds WHERE session_id = $1`, f.Session).Scan()
		if errors.Is(err, pgx.ErrNoRows) {
			return UnknownSession(f.Session)
		}
		if err != nil {
			return err
		}
	}
	return KnownApp(ctx, tx, f.App)
}

// UnknownSession says that the warehouse does not hold a session, and what to do.
func UnknownSession(id model.UUID) error {
	return fmt.Errorf("session %s is not in the warehouse; check the id, or copy it with: rollcall backfill --session %s", id, id)
}

// KnownApp refuses an app that the warehouse does not hold, and names those it
// does; an empty id is every app.
func KnownApp(ctx context.Context, tx pgx.Tx, id string) error {
	if id == "" {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT app_id FROM analytics.sync_freshness ORDER BY app_id`)
	if err != nil {
		return err
	}
	apps, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if slices.Contains(apps, id) {
		return nil
	}
	return fmt.Errorf("app %q is not in the warehouse; it holds: %s", id, strings.Join(apps, ", "))
}

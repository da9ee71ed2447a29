package report

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Span is what a page about a range covers: the days of each app from From until before
// To, both as midnights in UTC, of one app or, where that is empty, of all.
type Span struct {
	From, To time.Time
	App      string
}

// Last gives the last day in the span.
func (s Span) Last() time.Time { return s.To.AddDate(0, 0, -1) }

// usageDay is a day of an app in analytics.daily_usage.
type usageDay struct {
	Day                                   time.Time
	AppID, App                            string
	Started, Active, People, Participants int64
	PersonSeconds, ParticipantSeconds     float64
}

const daysSQL = `SELECT usage_date, app_id, coalesce(app_name, app_id), sessions_started, sessions_active, unique_people, participants,
	person_seconds, participant_seconds
	FROM analytics.daily_usage WHERE usage_date >= $1 AND usage_date < $2 AND ($3 = '' OR app_id = $3) ORDER BY usage_date, app_id`

// presetSum is the usage of a preset over the span.
type presetSum struct {
	Preset, View                      string
	PersonSeconds, ParticipantSeconds float64
}

const presetsSQL = `SELECT coalesce(preset_name, ''), coalesce(preset_view_type, ''), sum(person_seconds), sum(participant_seconds)
	FROM analytics.preset_usage WHERE usage_date >= $1 AND usage_date < $2 AND ($3 = '' OR app_id = $3)
	GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2`

// cost is an amount of money at the prices in analytics.prices, or, without an amount,
// minutes that no price fits.
type cost struct {
	Currency, Amount  string
	Minutes, Recorded float64 // of participants; of recordings and livestreams
}

const costsSQL = `SELECT coalesce(currency::text, ''), coalesce(round(sum(cost_amount), 2)::text, ''), coalesce(sum(participant_minutes), 0)::float8,
		(coalesce(sum(recording_minutes), 0) + coalesce(sum(livestream_minutes), 0))::float8
	FROM analytics.usage_cost WHERE usage_date >= $1 AND usage_date < $2 AND ($3 = '' OR app_id = $3)
	GROUP BY currency ORDER BY currency`

// sessionLine is a row of the sessions table.
type sessionLine struct {
	ID                  model.UUID
	AppID, App          string
	Title, Type, Status string
	StartsAt            *time.Time
	Seconds             *float64
	People, Peak        int64
	PersonSeconds       float64
	Share               *float64
	Complete            bool
}

const linesSQL = `SELECT s.session_id, s.app_id, coalesce(s.app_name, s.app_id), coalesce(s.meeting_title, ''), coalesce(s.session_type, ''),
	coalesce(s.status, ''), s.starts_at, s.session_seconds, coalesce(s.unique_people, 0), coalesce(s.peak_people, 0),
	coalesce(s.person_seconds, 0), s.average_share, coalesce(s.is_complete, false)
	FROM (SELECT session_id FROM analytics.session_bounds WHERE ` + began + `
	      ORDER BY starts_at DESC, session_id LIMIT $4) AS newest
	CROSS JOIN LATERAL (SELECT * FROM analytics.session_summary WHERE session_id = newest.session_id) AS s
	ORDER BY s.starts_at DESC, s.session_id`

const countSQL = `SELECT count(*) FROM analytics.session_bounds WHERE ` + began

// The days of a deleted session are kept as they were counted.
const goneSQL = `SELECT count(*) > 0 FROM (SELECT 1 FROM analytics.session_dates
	WHERE is_gone AND usage_date >= $1 AND usage_date < $2 AND ($3 = '' OR app_id = $3) LIMIT 1) AS gone`

// began chooses sessions that began in the span: near it, which an index finds, and on a
// day of their app.
const began = `starts_at >= ($1::date - 1)::timestamp AT TIME ZONE 'UTC' AND starts_at < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
	AND started_date >= $1 AND started_date < $2 AND ($3 = '' OR app_id = $3)`

// An id is a person's within an app. Machines have no person_id, and are not counted.
const distinctSQL = `SELECT count(person_id) FROM (SELECT DISTINCT app_id, person_id FROM analytics.presence_by_day
	WHERE usage_date >= $1 AND usage_date < $2 AND ($3 = '' OR app_id = $3)) AS people`

const rangeFindingsSQL = `SELECT check_name, count(*), NULL::float8, NULL::float8 FROM analytics.data_quality
	WHERE started_at >= ($1::date - 1)::timestamp AT TIME ZONE 'UTC' AND started_at < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
		AND started_at >= analytics.day_starts_at($1, time_zone) AND started_at < analytics.day_starts_at($2, time_zone)
		AND ($3 = '' OR app_id = $3) GROUP BY check_name ORDER BY check_name`

// freshness is a row of analytics.sync_freshness.
type freshness struct {
	AppID, App   string
	DiscoveredAt *time.Time
	RunID        *int64
	RunStatus    string
	Stale        int64
	Zone         string // in which its days are cut
}

const freshnessSQL = `SELECT app_id, coalesce(app_name, app_id), discovered_at, last_run_id, coalesce(last_run_status, ''), stale_sessions,
	analytics.zone_of(app_id)
	FROM analytics.sync_freshness WHERE ($1 = '' OR app_id = $1) ORDER BY 2, 1`

// rangeData is everything that the page of a range says.
type rangeData struct {
	Span     Span
	Days     []usageDay
	Presets  []presetSum
	Costs    []cost
	Unpriced cost // minutes that the costs leave out
	Lines    []sessionLine
	Sessions int64     // that began in the span
	Stored   int64     // of them, those that are stored
	Gone     bool      // whether retention deleted sessions that are counted in the span
	People   *int64    // different people; null where the range is too large to ask, or they are gone
	Findings []finding // Findings of a finding are sessions here
	Fresh    []freshness
	Nothing  string // why the page is empty; empty where it is not
}

// Range writes the page of a range of days and says in a few words what is on it. A
// range in which nothing was is a page that says so.
func Range(ctx context.Context, pool *pgxpool.Pool, w io.Writer, span Span, o Options) (string, error) {
	d := rangeData{Span: span}
	if err := read(ctx, pool, func(tx pgx.Tx) error {
		if err := d.load(ctx, tx); err != nil {
			return err
		}
		return d.nameApps(ctx, tx)
	}); err != nil {
		return "", err
	}
	zones := d.zones()
	if err := o.live(zones...); err != nil {
		return "", err
	}
	said := counted(d.Sessions, "session", "sessions")
	if d.Nothing != "" {
		said = d.Nothing
	}
	return said, writePage(w, "range", rangePage(&d, zones, o))
}

func (d *rangeData) load(ctx context.Context, tx pgx.Tx) error {
	if err := export.KnownApp(ctx, tx, d.Span.App); err != nil {
		return err
	}
	args := []any{d.Span.From, d.Span.To, d.Span.App}
	if err := d.count(ctx, tx, args); err != nil {
		return err
	}
	if err := list(ctx, tx, &d.Fresh, freshnessSQL, d.Span.App); err != nil {
		return err
	}
	if d.Sessions == 0 && len(d.Days) == 0 {
		return d.nothing(ctx, tx)
	}
	if err := list(ctx, tx, &d.Presets, presetsSQL, args...); err != nil {
		return err
	}
	if err := d.price(ctx, tx, args); err != nil {
		return err
	}
	if err := list(ctx, tx, &d.Lines, linesSQL, append(args, maxSessions)...); err != nil {
		return err
	}
	if d.Stored > maxSessions {
		return nil // what follows looks at every presence of the range
	}
	if !d.Gone {
		if err := tx.QueryRow(ctx, distinctSQL, args...).Scan(&d.People); err != nil {
			return postgres.Failed("count the people", err)
		}
	}
	return list(ctx, tx, &d.Findings, rangeFindingsSQL, args...)
}

// count reads the days and counts the sessions. Those that retention deleted are in the
// days only.
func (d *rangeData) count(ctx context.Context, tx pgx.Tx, args []any) error {
	if err := tx.QueryRow(ctx, countSQL, args...).Scan(&d.Stored); err != nil {
		return postgres.Failed("count the sessions", err)
	}
	if err := tx.QueryRow(ctx, goneSQL, args...).Scan(&d.Gone); err != nil {
		return postgres.Failed("look for deleted sessions", err)
	}
	if err := list(ctx, tx, &d.Days, daysSQL, args...); err != nil {
		return err
	}
	d.Sessions = d.Stored
	if d.Gone {
		var started int64
		for i := range d.Days {
			started += d.Days[i].Started
		}
		d.Sessions = max(d.Stored, started)
	}
	return nil
}

// nameApps calls apps by their ids too where several have the same name.
func (d *rangeData) nameApps(ctx context.Context, tx pgx.Tx) error {
	var shared []struct{ Name string }
	if err := list(ctx, tx, &shared, `SELECT name FROM realtimekit.apps WHERE name IS NOT NULL GROUP BY name HAVING count(*) > 1`); err != nil {
		return err
	}
	names := make(map[string]bool, len(shared))
	for _, s := range shared {
		names[s.Name] = true
	}
	call := func(app *string, id string) {
		if names[*app] {
			*app += " (" + id + ")"
		}
	}
	for i := range d.Days {
		call(&d.Days[i].App, d.Days[i].AppID)
	}
	for i := range d.Lines {
		call(&d.Lines[i].App, d.Lines[i].AppID)
	}
	for i := range d.Fresh {
		call(&d.Fresh[i].App, d.Fresh[i].AppID)
	}
	return nil
}

// price reads the costs, and the minutes that they leave out.
func (d *rangeData) price(ctx context.Context, tx pgx.Tx, args []any) error {
	var sums []cost
	if err := list(ctx, tx, &sums, costsSQL, args...); err != nil {
		return err
	}
	for _, c := range sums {
		if c.Amount != "" {
			d.Costs = append(d.Costs, c)
			continue
		}
		d.Unpriced.Minutes += c.Minutes
		d.Unpriced.Recorded += c.Recorded
	}
	return nil
}

// zones gives the time zones of the apps, each once.
func (d *rangeData) zones() (zones []string) {
	for i := range d.Fresh {
		zones = append(zones, d.Fresh[i].Zone)
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

// nothing says that no session lies in the range, and which the warehouse holds.
func (d *rangeData) nothing(ctx context.Context, tx pgx.Tx) error {
	var first, last *time.Time
	err := tx.QueryRow(ctx, `SELECT min(started_date), max(started_date) FROM analytics.session_bounds WHERE $1 = '' OR app_id = $1`, d.Span.App).
		Scan(&first, &last)
	if err != nil {
		return postgres.Failed("read the sessions", err)
	}
	d.Nothing = fmt.Sprintf("no session lies between %s and %s", d.Span.From.Format(time.DateOnly), d.Span.Last().Format(time.DateOnly))
	if d.Span.App != "" {
		d.Nothing += " in this app"
	}
	if first == nil || last == nil {
		d.Nothing += ": the warehouse holds none yet; run: rollcall run"
		return nil
	}
	d.Nothing += fmt.Sprintf("; the warehouse holds sessions from %s to %s (rollcall backfill copies older ones)",
		first.Format(time.DateOnly), last.Format(time.DateOnly))
	return nil
}

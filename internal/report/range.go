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

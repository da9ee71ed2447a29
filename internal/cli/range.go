package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/find"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/when"
)

// rangeFlags choose sessions by the time of their creation.
type rangeFlags struct {
	From filled `placeholder:"DATE" help:"First day or time of the sessions' creation, UTC: 2026-01-01, 2026-01-01T09:00:00Z, yesterday, or how long ago: 36h, 3d, 2w."`
	To   filled `placeholder:"DATE" help:"Last day, itself included, or time, itself not included. Without it: until now."`
	Last filled `placeholder:"DURATION" help:"The same as --from with so long ago, such as 7d or 36h."`
}

func (f *rangeFlags) given() bool { return f.From != "" || f.To != "" || f.Last != "" }

// span reads the flags; what is not given leaves that side open.
func (f *rangeFlags) span() (span, error) {
	return readSpan(string(f.From), string(f.To), string(f.Last), when.Parse)
}

// span is a range of time as it was asked for.
type span struct {
	from, to when.Point
	flag     string // or variable that gave from; empty for --from
}

// readSpan reads the values of --from, --to and --last.
func readSpan(from, to, last string, parse func(string) (when.Point, error)) (s span, err error) {
	if last != "" {
		if from != "" || to != "" {
			return s, fmt.Errorf("%w: --last cannot be combined with --from or --to", model.ErrUsage)
		}
		if ago, err := when.Duration(last); err != nil || ago <= 0 {
			return s, fmt.Errorf("%w: --last: %q is not %s", model.ErrUsage, last, when.Durations)
		}
		s.from, err = when.Parse(last)
		return s, err
	}
	if s.from, err = parse(from); err != nil {
		return s, fmt.Errorf("%w: --from: %w", model.ErrUsage, err)
	}
	if s.to, err = parse(to); err != nil {
		return s, fmt.Errorf("%w: --to: %w", model.ErrUsage, err)
	}
	return s, nil
}

// lastYear is the last one that is written with four digits. Whether a range begins in
// the future the database's clock says; this one is so by any.
const lastYear = 9999

// at gives the range [from, to) as it lies at a time; zero is an open side.
func (s span) at(now time.Time) (from, to time.Time, err error) {
	from, to = s.from.Start(now), s.to.End(now)
	if !to.IsZero() && !from.Before(to) {
		return from, to, fmt.Errorf("%w: the range is empty: --from must lie before --to", model.ErrUsage)
	}
	if from.Year() > lastYear {
		return from, to, s.inFuture()
	}
	return from, to, nil
}

// bounds is at for sessions that were copied: a day is that of each app.
func (s span) bounds(ctx context.Context, pool *pgxpool.Pool, now time.Time, app string) (from, to find.Bound, err error) {
	clock, err := find.Clock(ctx, pool, now, app)
	if err != nil {
		return from, to, err
	}
	_, _, err = s.at(clock)
	bound := func(p when.Point, at func(time.Time) time.Time) find.Bound {
		if p.IsDay() {
			return find.Bound{At: at(clock), IsDay: true}
		}
		return find.Bound{At: at(now)}
	}
	return bound(s.from, s.from.Start), bound(s.to, s.to.End), err
}

// settle is at by the database server's clock, by which the range must not begin in
// the future.
func (s span) settle(ctx context.Context, pool *pgxpool.Pool) (from, to time.Time, err error) {
	if s.from.IsZero() && s.to.Fixed() {
		return s.at(time.Time{}) // no clock is needed
	}
	now, err := warehouse.New(pool, discardLogger).ServerTime(ctx)
	if err != nil {
		return from, to, err
	}
	from, to, err = s.at(now)
	if err == nil && from.After(now) {
		err = s.inFuture()
	}
	return from, to, err
}

func (s span) inFuture() error {
	return fmt.Errorf("%w: %s %s lies in the future", model.ErrUsage, cmp.Or(s.flag, "--from"), s.from)
}

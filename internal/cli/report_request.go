package cli

import (
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/when"
)

// request is what the flags come to.
type request struct {
	filter    export.Filter
	asked     span
	delimiter rune           // of CSV; 0 where none was chosen
	decimal   rune           // the same
	zone      *time.Location // nil where none was chosen
	now       time.Time
	on        when.Point // day of the session to look for
}

// request checks the flags and reads them; what today is the database says.
func (c *reportCommand) request() (r request, err error) {
	if err := c.register(); err != nil {
		return r, err
	}
	if err := c.subject(); err != nil {
		return r, err
	}
	if err := c.export(); err != nil {
		return r, err
	}
	if r.delimiter, r.decimal, err = c.marks(); err != nil {
		return r, err
	}
	if c.Timezone != "" {
		if r.zone = location(c.Timezone); r.zone == nil {
			return r, fmt.Errorf("%w: ROLLCALL_TIMEZONE: %q is no time zone; use a name such as Europe/Berlin", model.ErrUsage, c.Timezone)
		}
	}
	if c.Format == "parquet" && r.zone != nil && r.zone != time.UTC {
		return r, fmt.Errorf("%w: Parquet holds points in time, not clock times, so --timezone %s (ROLLCALL_TIMEZONE) has no place in it: give --timezone UTC, or another format",
			model.ErrUsage, c.Timezone)
	}
	if c.Session != "" {
		if r.filter.Session, err = model.ParseUUID(string(c.Session)); err != nil {
			return r, fmt.Errorf("%w: --session: %w", model.ErrUsage, err)
		}
		if r.filter.Session.IsZero() { // which is how a filter says that there is none
			return r, fmt.Errorf("%w: --session: no session has the id %s", model.ErrUsage, c.Session)
		}
	}
	r.filter.App, r.filter.Meeting, r.filter.Person = string(c.App), string(c.Meeting), string(c.Person)
	if r.on, err = when.ParseDay(string(c.On)); err != nil {
		return r, fmt.Errorf("%w: --on: %w", model.ErrUsage, err)
	}
	if r.asked, err = readSpan(string(c.From), string(c.To), c.Last.duration, when.ParseDay); err == nil {
		_, _, err = r.asked.at(machineNow())
	}
	return r, err
}

// subject checks what the page or the rows are about: that it is said, and once.
func (c *reportCommand) subject() error {
	switch {
	case c.Title == "" && c.On != "":
		return fmt.Errorf("%w: --on is the day of the session that --title names", model.ErrUsage)
	case c.View == "" && c.Session == "" && c.From == "" && !c.Last.given && c.Title == "" && c.Person == "":
		return fmt.Errorf("%w: give --session ID, or --from DATE and --to DATE, or --view NAME, or --person ID, or --last, or --title TEXT; rollcall sessions lists what there is", model.ErrUsage)
	case c.seeks() && (c.Session != "" || c.From != "" || c.To != "" || c.View != ""):
		return fmt.Errorf("%w: --last and --title choose a session: they cannot be combined with --session, --from, --to or --view", model.ErrUsage)
	case c.Title != "" && c.Last.duration != "":
		return fmt.Errorf("%w: --title chooses a session: give --last without a duration, or --on", model.ErrUsage)
	case c.View == "" && c.Session != "" && (c.From != "" || c.To != "" || c.App != ""):
		return fmt.Errorf("%w: --session cannot be combined with --from, --to or --app, except with --view", model.ErrUsage)
	}
	return nil
}

// register checks what the register is of. As an export it is a view.
func (c *reportCommand) register() error {
	switch {
	case c.Register && c.View != "":
		return fmt.Errorf("%w: --register and --view cannot be combined", model.ErrUsage)
	case c.Register && (c.Meeting == "" || c.From == ""):
		return fmt.Errorf("%w: --register wants --meeting ID and --from DATE", model.ErrUsage)
	case c.Register && (c.Session != "" || c.seeks()):
		return fmt.Errorf("%w: --register cannot be combined with --session, --last or --title", model.ErrUsage)
	}
	if c.Register && c.Format != "" {
		c.Register, c.View = false, "register"
	}
	switch {
	case c.Person != "" && c.Register:
		return fmt.Errorf("%w: --register with --person is an export: give --format as well", model.ErrUsage)
	case c.Person != "" && c.View == "" && (c.Session != "" || c.seeks()):
		return fmt.Errorf("%w: a page is about a person or a session: --person cannot be combined with --session, --last or --title, except with --view", model.ErrUsage)
	case c.Meeting != "" && c.View == "" && !c.Register:
		return fmt.Errorf("%w: --meeting is for --register, or for --view NAME", model.ErrUsage)
	}
	return nil
}

// export checks the flags of an export, and that none is given where it would do
// nothing.
func (c *reportCommand) export() error {
	if err := c.ending(); err != nil {
		return err
	}
	if c.View != "" && c.Format == "" {
		c.Format = "csv"
	}
	for _, flag := range []struct {
		name   string
		given  bool
		format string // the only one it is for
	}{
		{"--format", c.Format != "", ""},
		{"--columns", len(c.Columns) > 0, ""},
		{"--csv-style", c.CSVStyle != "", "csv"},
		{"--delimiter", c.Delimiter != "", "csv"},
		{"--decimal", c.Decimal != "", "csv"},
		{"--uuid", c.UUID != "", "parquet"},
	} {
		switch {
		case !flag.given:
		case c.View == "" && c.Person != "" && flag.name == "--format" && c.Format == "json":
		case c.View == "":
			return fmt.Errorf("%w: %s is for an export: give --view NAME as well", model.ErrUsage, flag.name)
		case flag.format != "" && c.Format != flag.format:
			return fmt.Errorf("%w: %s is for --format %s, not for %s", model.ErrUsage, flag.name, flag.format, c.Format)
		}
	}
	return nil
}

// furthestAhead is how far the clocks of a time zone are ahead of UTC, at most.
const furthestAhead = 14 * time.Hour

// days gives the range its place, by the clock on a wall, ends a page's where it is open,
// and refuses one of the future.
func (c *reportCommand) days(r *request, clock time.Time) (err error) {
	f := &r.filter
	if f.From, f.To, err = r.asked.at(clock); err != nil {
		return err
	}
	f.From = f.From.Truncate(24 * time.Hour) // of --last in hours
	if f.From.After(clock) {
		return r.asked.inFuture()
	}
	if c.View == "" && c.Person == "" && (c.From != "" || c.Last.duration != "") && f.To.IsZero() {
		f.To = clock.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	}
	return nil
}

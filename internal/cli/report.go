package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
	_ "time/tzdata" // --timezone works where the system has no zones, as in a container

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/term"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	htmlreport "github.com/rollcall-etl/rollcall/internal/report"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/when"
)

// reportCommand writes a page about a session, a person or a range of days, or the rows
// of one view or table.
type reportCommand struct {
	databaseFlags `embed:"" group:"Database"`

	Session   filled   `placeholder:"ID" help:"A page about this session; with --view, its rows."`
	From      filled   `placeholder:"DATE" help:"First day (2026-01-01, yesterday, 3d or 2w ago) of a page about the sessions of a range; with --view, of its rows."`
	To        filled   `placeholder:"DATE" help:"Last day, itself included. Without it: today."`
	Last      latest   `placeholder:"[DURATION]" help:"Alone: a page about the session that began last, of those that --title and --app choose. With a duration, such as 7d: a page about the days since then."`
	Title     filled   `placeholder:"TEXT" help:"A page about the session whose title is or contains this; with --on or --last where there are several."`
	On        filled   `placeholder:"DATE" help:"Day of the session that --title names: 2026-01-01, yesterday, or 3d ago."`
	App       filled   `predictor:"app" placeholder:"APP" help:"Only this app: its id or its name."`
	Register  bool     `help:"A page with the register of --meeting from --from to --to: people and lessons, who was there, late, absent or excused. With --format, its rows."`
	Meeting   filled   `placeholder:"ID" help:"The meeting of --register; with --view, only its rows."`
	Person    verbatim `placeholder:"ID" help:"A page about this person (person_id of the views), of all days or of --from to --to; with --format json, all that is stored of them. With --view, or --register and --format, only rows of this person."`
	View      string   `predictor:"view" placeholder:"NAME" help:"Export the rows of this view of schema analytics, or of a table such as realtimekit.sessions, instead of a page."`
	Format    string   `enum:"csv,json,parquet,xlsx," default:"" help:"Format of an export: csv, json (one object per line), parquet or xlsx, for spreadsheets. Without it the ending of --output says it, else csv. Of --person alone: json, one object."`
	Columns   list     `placeholder:"NAME" help:"Export only these columns, in this order. May be repeated or separated by commas."`
	CSVStyle  string   `name:"csv-style" enum:"safe,exact,excel," default:"" help:"safe, the default: a text that a spreadsheet would run as a formula gets an apostrophe before it; exact: as it is; excel: safe, for a spreadsheet that opens the file by a double click."`
	Delimiter string   `placeholder:"CHAR" help:"Separator of the fields of CSV: a comma (the default), ; or | or tab."`
	Decimal   string   `placeholder:"CHAR" help:"Decimal mark of numbers in CSV: . or a comma. Without it a point; in the style excel with the delimiter ; a comma."`
	UUID      string   `enum:"text,native," default:"" help:"Ids in Parquet: text, which every reader finds, or native, the type UUID."`
	Timezone  string   `env:"ROLLCALL_TIMEZONE" placeholder:"ZONE" help:"Time zone of clock times, such as Europe/Berlin. Without it: of a page that of the app, of an export UTC. Days are those of each app: time_zone in analytics.settings, UTC unless set (${env})."`
	Output    verbatim `short:"o" placeholder:"FILE" help:"Where to write; - is standard output. Without it a page goes to a file in the working directory, an export to standard output. An existing file is replaced once the new one is whole."`
}

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

// Run carries the command out.
func (c *reportCommand) Run(s *shell) error {
	r, err := c.request()
	if err != nil {
		return err
	}
	if (c.Output == "-" || c.Output == "" && c.View != "") && (c.Format == "parquet" || c.Format == "xlsx") && isTerminal(s.stdout) {
		return fmt.Errorf("%w: %s is not for a terminal: give --output FILE", model.ErrUsage, c.Format)
	}
	log := quietly(s.logger)
	pool, done, err := c.open(s.ctx, log, 4)
	if err != nil {
		return err
	}
	defer done()
	if r.now, err = warehouse.New(pool, log).ServerTime(s.ctx); err != nil {
		return err
	}
	if err := c.days(&r, r.now.Add(furthestAhead)); err != nil {
		return err
	}
	if err := postgres.CheckSchema(s.ctx, pool); err != nil {
		return err
	}
	if err := c.find(s.ctx, pool, &r); err != nil {
		return err
	}
	path := c.path(r)
	out, err := openOutput(path, s.stdout)
	if err != nil {
		return err
	}
	defer out.discard()
	said, err := c.write(s.ctx, pool, out, r)
	if err == nil {
		err = out.commit()
	}
	switch {
	case out.unwanted():
		return nil
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(s.stderr, "rollcall: told to stop"+cmp.Or(out.left(), "; nothing was written"))
		return &saidError{err}
	case err != nil:
		return fmt.Errorf("%w%s", err, out.left())
	case path != "-":
		fmt.Fprintf(s.stdout, "wrote %s: %s\n", path, said)
	}
	return nil
}

// write writes the page or the rows and says in a few words what they are.
func (c *reportCommand) write(ctx context.Context, pool *pgxpool.Pool, w io.Writer, r request) (string, error) {
	if c.View != "" {
		rows, err := export.View(ctx, pool, w, c.View, r.filter, export.Options{
			Format: c.Format, Style: c.CSVStyle, Delimiter: r.delimiter, Decimal: r.decimal, UUIDs: c.UUID, Columns: c.Columns, Zone: r.zone, Version: version(),
		})
		return plural(rows, "row"), err
	}
	o := htmlreport.Options{Zone: r.zone, Now: r.now, Version: version()}
	if !r.filter.Session.IsZero() {
		return htmlreport.Session(ctx, pool, w, r.filter.Session, o)
	}
	if c.Person != "" {
		of := htmlreport.OnePerson{ID: r.filter.Person, App: r.filter.App, From: r.filter.From, To: r.filter.To}
		if c.Format == "json" {
			return htmlreport.PersonJSON(ctx, pool, w, of, o)
		}
		return htmlreport.Person(ctx, pool, w, of, o)
	}
	if c.Register {
		return htmlreport.Register(ctx, pool, w, htmlreport.Lessons{Meeting: r.filter.Meeting, App: r.filter.App, From: r.filter.From, To: r.filter.To}, o)
	}
	return htmlreport.Range(ctx, pool, w, htmlreport.Span{From: r.filter.From, To: r.filter.To, App: r.filter.App}, o)
}

// request checks the flags and reads them; what today is the database says.
func (c *reportCommand) request() (r request, err error) {
	if err := c.register(); err != nil {
		return r, err
	}
	switch {
	case c.Title == "" && c.On != "":
		return r, fmt.Errorf("%w: --on is the day of the session that --title names", model.ErrUsage)
	case c.View == "" && c.Session == "" && c.From == "" && !c.Last.given && c.Title == "" && c.Person == "":
		return r, fmt.Errorf("%w: give --session ID, or --from DATE and --to DATE, or --view NAME, or --person ID, or --last, or --title TEXT; rollcall sessions lists what there is", model.ErrUsage)
	case c.seeks() && (c.Session != "" || c.From != "" || c.To != "" || c.View != ""):
		return r, fmt.Errorf("%w: --last and --title choose a session: they cannot be combined with --session, --from, --to or --view", model.ErrUsage)
	case c.Title != "" && c.Last.duration != "":
		return r, fmt.Errorf("%w: --title chooses a session: give --last without a duration, or --on", model.ErrUsage)
	case c.View == "" && c.Session != "" && (c.From != "" || c.To != "" || c.App != ""):
		return r, fmt.Errorf("%w: --session cannot be combined with --from, --to or --app, except with --view", model.ErrUsage)
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

// path gives where to write.
func (c *reportCommand) path(r request) string {
	switch {
	case c.Output != "":
		return string(c.Output)
	case c.View != "":
		return "-"
	case !r.filter.Session.IsZero():
		return "rollcall-session-" + r.filter.Session.String() + ".html"
	}
	kind := "rollcall-"
	switch {
	case c.Person != "" && c.Format == "json":
		return "rollcall-person.json"
	case c.Person != "": // whose it is says the page
		return "rollcall-person.html"
	case c.Register:
		kind = "rollcall-register-" + inFileName(string(c.Meeting)) + "-"
	}
	return kind + r.filter.From.Format(time.DateOnly) + "-to-" + r.filter.To.AddDate(0, 0, -1).Format(time.DateOnly) + ".html"
}

func isTerminal(w io.Writer) bool {
	if r, ok := w.(*results); ok {
		w = r.Writer
	}
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// demoReport is where demo leaves its page, so that a browser that may not look
// into hidden folders can open it.
const demoReport = "rollcall-demo-report.html"

// writeDemoReport writes the page of the session that demo shows, in the working
// directory or, where that cannot be written to, in a temporary one.
func writeDemoReport(s *shell, pool *pgxpool.Pool, session model.UUID) error {
	if session.IsZero() {
		return nil
	}
	path, err := filepath.Abs(demoReport)
	if err != nil {
		return fmt.Errorf("find the working directory: %w", err)
	}
	out, err := openOutput(path, s.stdout)
	if err != nil {
		folder, tempErr := os.MkdirTemp("", "rollcall-demo-")
		if tempErr != nil {
			return errors.Join(err, tempErr)
		}
		path = filepath.Join(folder, demoReport)
		if out, err = openOutput(path, s.stdout); err != nil {
			return err
		}
	}
	defer out.discard()
	o := htmlreport.Options{Zone: time.UTC, Now: time.Now().UTC(), Version: version()}
	if _, err := htmlreport.Session(s.ctx, pool, out, session, o); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	w := newScreen(s)
	w.line("")
	w.put("", "A report about it, to open in a browser or to print:")
	fmt.Fprintf(s.stdout, "  %s\n", path) // in one piece, to be copied
	return nil
}

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
	_ "time/tzdata" // --timezone works where the system has no zones, as in a container

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	htmlreport "github.com/rollcall-etl/rollcall/internal/report"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
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

// Run carries the command out.
func (c *reportCommand) Run(s *shell) error {
	r, err := c.request()
	if err != nil {
		return err
	}
	_, _, isTerminal := terminalSize(s.stdout)
	if isTerminal && (c.Output == "-" || c.Output == "" && c.View != "") && (c.Format == "parquet" || c.Format == "xlsx") {
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

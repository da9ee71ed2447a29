package cli

import (
	"encoding/json"
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/find"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/when"
)

// sessionsCommand lists sessions, for those who look for the id of one.
type sessionsCommand struct {
	databaseFlags `embed:"" group:"Database"`

	From  filled `placeholder:"DATE" help:"First day (in the time zone of the app, UTC unless set) or time of the start: 2026-01-01, 2026-01-01T09:00:00Z, yesterday, or how long ago: 36h, 3d, 2w."`
	To    filled `placeholder:"DATE" help:"Last day, itself included, or time, itself not included."`
	Last  filled `placeholder:"DURATION" help:"The same as --from with so long ago, such as 7d or 36h."`
	App   filled `predictor:"app" placeholder:"APP" help:"Only this app: its id or its name."`
	Title filled `placeholder:"TEXT" help:"Only meetings whose title contains this; where some titles are exactly this, only those."`
	Live  bool   `help:"Only sessions that were live when they were last read."`
	Limit int    `default:"50" help:"Most to list, the newest first; 0 for all."`
	JSON  bool   `name:"json" help:"One JSON object per line."`
}

// Help gives the longer text of --help.
func (*sessionsCommand) Help() string {
	return `Reads the database only. A line has: id, start in UTC, length, people, state (live, complete, or not complete), app and title. rollcall report --session ID writes the page about one.`
}

// Run carries the command out.
func (c *sessionsCommand) Run(s *shell) error {
	asked, err := readSpan(string(c.From), string(c.To), string(c.Last), when.Parse)
	if err != nil {
		return err
	}
	if _, _, err := asked.at(machineNow()); err != nil {
		return err
	}
	if c.Limit < 0 {
		return fmt.Errorf("%w: --limit must not be negative", model.ErrUsage)
	}
	log := quietly(s.logger)
	pool, done, err := c.openWarehouse(s, log)
	if err != nil {
		return err
	}
	defer done()
	now, err := warehouse.New(pool, log).ServerTime(s.ctx)
	if err != nil {
		return err
	}
	query := find.Query{Title: string(c.Title), Live: c.Live, Limit: c.Limit}
	if query.App, err = knownApp(s.ctx, pool, string(c.App)); err != nil {
		return err
	}
	if query.From, query.To, err = asked.bounds(s.ctx, pool, now, query.App); err != nil {
		return err
	}
	found, all, err := find.Sessions(s.ctx, pool, query)
	if err != nil {
		return err
	}
	return c.print(s, found, all)
}

func (c *sessionsCommand) print(s *shell, found []find.Session, all int) error {
	if c.JSON {
		encoder := json.NewEncoder(plainJSON{s.stdout})
		for i := range found {
			if err := encoder.Encode(found[i]); err != nil {
				return err
			}
		}
		if all > len(found) { // a program would take a part for the whole
			fmt.Fprintf(s.stderr, "rollcall: the newest %d of %d sessions: --limit 0 lists all\n", len(found), all)
		}
		return nil
	}
	w := newScreen(s)
	for i := range found {
		printSession(w, &found[i])
	}
	switch {
	case all == 0:
		w.put("", "No session fits.")
	case all > len(found):
		w.put("", "and %d more: --limit 0 lists all", all-len(found))
	}
	return nil
}

// printSession writes a session: a line, or three where it does not fit.
func printSession(w *screen, s *find.Session) {
	start, length, app, title := "-", "-", s.AppID, "(no title)"
	if s.StartsAt != nil {
		start = s.StartsAt.Format("2006-01-02 15:04Z")
	}
	if s.Seconds != nil {
		length = fmt.Sprintf("%.0f min", *s.Seconds/60)
	}
	if s.App != nil {
		app = *s.App
	}
	if s.Title != nil && *s.Title != "" {
		title = *s.Title
	}
	people := counted(s.People, "person", "people")
	line := fmt.Sprintf("%s  %s  %7s  %11s  %-12s  %s: %s", s.ID, start, length, people, s.State, app, title)
	if w.fits(oneLine(line)) {
		w.put("", "%s", line)
		return
	}
	w.put("", "%s", s.ID)
	w.put("  ", "%s, %s, %s, %s", start, length, people, s.State)
	w.put("  ", "%s: %s", app, title)
}

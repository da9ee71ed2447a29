package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/when"
)

// retentionCommand deletes what is older than wanted.
type retentionCommand struct {
	accountFlags  `embed:""`
	databaseFlags `embed:"" group:"Database"`
	keyFlags      `embed:"" group:"Privacy"`

	BaseURL   string `env:"CLOUDFLARE_BASE_URL" default:"https://api.cloudflare.com/client/v4" help:"Address of the API, which is asked for the time and nothing else (${env})."`
	OlderThan string `env:"ROLLCALL_RETENTION" required:"" placeholder:"DAYS" help:"Delete sessions that ended longer ago than this, in days or weeks such as 400d or 52w, at least 1d; whole days in UTC (${env})."`
	Yes       bool   `help:"Confirm: what is deleted cannot be recovered. On a terminal it is asked for."`
	DryRun    bool   `help:"Count the sessions and their rows that would be deleted; write nothing."`
	Quiet     bool   `short:"q" help:"Print nothing when all went well."`
}

// Run carries the command out.
func (c *retentionCommand) Run(s *shell) error {
	if err := c.check(); err != nil {
		return err
	}
	if _, err := c.horizon(time.Time{}); err != nil {
		return err
	}
	if !c.DryRun && !c.Yes && !term.IsTerminal(int(os.Stdin.Fd())) {
		return errUnconfirmed
	}
	log := s.logger
	if c.Quiet {
		log = quietly(log)
	}
	pool, done, err := c.openWarehouse(s, log)
	if err != nil {
		return err
	}
	defer done()
	db, err := c.protected(s.ctx, pool, log, warehouse.Privacy{})
	if err != nil {
		return err
	}
	before, err := c.before(s.ctx, db, log)
	if err != nil {
		return err
	}
	if !c.DryRun && !c.Yes {
		question := fmt.Sprintf("Delete what ended before %s (UTC)? It cannot be recovered; --dry-run counts it.", before.Format(time.DateOnly))
		if err := confirm(s, os.Stdin, question); err != nil {
			return err
		}
	}
	if !c.DryRun { // after the question: nobody waits for its answer
		release, err := postgres.HoldSchema(s.ctx, pool)
		if err != nil {
			return err
		}
		defer release()
	}
	counts, err := erasure.New(db).Retain(s.ctx, c.AccountID, before, c.DryRun, func(n erasure.RetentionCounts) {
		log.InfoContext(s.ctx, "old sessions deleted", "sessions", n.Sessions, "participants", n.Participants, "peer_events", n.PeerEvents)
	})
	if err != nil {
		return err
	}
	if !c.Quiet {
		c.print(s, before, counts)
	}
	return nil
}

// before gives the horizon by the database server's clock. The horizon never moves
// back: where the clocks differ nothing is deleted.
func (c *retentionCommand) before(ctx context.Context, db *warehouse.DB, log logger) (time.Time, error) {
	now, problem, err := agreedTime(ctx, db, c.BaseURL, log)
	if err != nil {
		return now, err
	}
	if problem != "" && !c.DryRun {
		return now, errClocks(problem)
	}
	if problem != "" {
		log.WarnContext(ctx, "clocks differ", "fix", "without --dry-run nothing is deleted until they agree", "problem", problem)
	}
	return c.horizon(now)
}

// forMany implements choosy: a question about each, side by side, is none.
func (c *retentionCommand) forMany() error {
	if !c.DryRun && !c.Yes {
		return errUnconfirmed
	}
	return nil
}

// horizon gives midnight UTC of the day before which everything goes: days are
// kept or deleted as a whole.
func (c *retentionCommand) horizon(now time.Time) (time.Time, error) {
	age, err := when.Duration(c.OlderThan)
	n := int(age / (24 * time.Hour))
	// Hours are refused: a unit that was mistyped would delete nearly everything.
	if err != nil || strings.ContainsAny(c.OlderThan, "hms") || age%(24*time.Hour) != 0 || n < 1 || n > 36500 {
		return time.Time{}, fmt.Errorf("%w: ROLLCALL_RETENTION: %q is not a number of days such as 400d, or of weeks such as 52w", model.ErrUsage, c.OlderThan)
	}
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -n), nil
}

func (c *retentionCommand) print(s *shell, before time.Time, n erasure.RetentionCounts) {
	verb := "deleted"
	if c.DryRun {
		verb = "would be deleted"
	}
	newScreen(s).put("", "%s that ended before %s (UTC) %s, with %s, %s and %s",
		plural(n.Sessions, "session"), before.Format(time.DateOnly), verb,
		plural(n.Participants, "participant"), plural(n.PeerEvents, "peer event"), plural(n.PeerReports, "peer report"))
	if n.Excuses+n.Lessons > 0 {
		newScreen(s).put("", "also %s and %s of the timetable", plural(n.Excuses, "excuse"), plural(n.Lessons, "lesson"))
	}
	if c.DryRun {
		newScreen(s).put("", "and what only these lead to, not counted here: meetings, enrolled people, rejected records, states and runs; nothing was written")
		return
	}
	newScreen(s).put("", "also %s without a session, %s, %s, %s and %s of the ledger",
		plural(n.Meetings, "meeting"), counted(n.MeetingParticipants, "enrolled person", "enrolled people"),
		plural(n.RejectedRecords, "rejected record"), plural(n.States, "state"), plural(n.Runs, "run"))
	if n.Recordings+n.Livestreams > 0 {
		newScreen(s).put("", "also %s and %s; their length by day stays", plural(n.Recordings, "recording"), plural(n.Livestreams, "livestream"))
	}
	newScreen(s).put("", "the usage by day stays; run and backfill do not read these sessions again")
}

// confirm asks somebody at a terminal; elsewhere there is nobody to ask.
func confirm(s *shell, in *os.File, question string) error {
	if term.IsTerminal(int(in.Fd())) {
		fmt.Fprintf(s.stderr, "%s [y/N] ", question)
		answer, _ := bufio.NewReader(in).ReadString('\n') // the end of the input is a no
		if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
			return nil
		}
	}
	return errUnconfirmed
}

var errUnconfirmed = fmt.Errorf("%w: what is deleted cannot be recovered; look with --dry-run, then confirm with --yes", model.ErrUsage)

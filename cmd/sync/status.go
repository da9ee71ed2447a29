package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// statusCommand tells how the warehouse stands.
type statusCommand struct {
	AccountID     string `env:"CLOUDFLARE_ACCOUNT_ID" placeholder:"ID" required:"" help:"Cloudflare account (${env})."`
	databaseFlags `embed:"" group:"Database"`

	JSON bool `name:"json" help:"Print one JSON object."`
}

// Run carries the command out.
func (c *statusCommand) Run(s *shell) error {
	log := quietly(s.logger)
	pool, done, err := c.openWarehouse(s, log)
	if err != nil {
		return err
	}
	defer done()
	overview, err := load.New(pool, log).Overview(s.ctx, c.AccountID)
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(plainJSON{s.stdout})
		encoder.SetIndent("", "  ")
		return encoder.Encode(overview)
	}
	printOverview(s.stdout, &overview)
	return nil
}

// printOverview writes one screen of at most 80 columns, reasons apart.
func printOverview(w io.Writer, o *model.Overview) {
	if len(o.Runs) == 0 {
		fmt.Fprintln(w, "No run yet: rollcall run.")
		return
	}
	fmt.Fprintln(w, "Last runs")
	for i := range o.Runs {
		r := &o.Runs[i]
		took := ""
		if r.FinishedAt != nil {
			took = r.FinishedAt.Sub(r.StartedAt).Round(time.Second).String()
		}
		fmt.Fprintf(w, "  %-6d %-8s %-9s %s  %6s  %d sessions, %d rows written\n",
			r.ID, r.Kind, r.Status, stamp(r.StartedAt), took, r.Sessions, r.Rows)
		if r.Error != nil {
			fmt.Fprintf(w, "         %s\n", oneLine(*r.Error))
		}
	}
	printApps(w, o)
	c := o.Sessions
	fmt.Fprintf(w, "Sessions: %d in all; %d settled, %d inside the settle window, %d live\n", c.Total, c.Settled, c.Settling, c.Live)
	fmt.Fprintf(w, "          %d incomplete, %d failed, %d not read yet, %d gone from the API\n", c.Incomplete, c.Failed, c.Unread, c.Gone)
	for i := range o.Problems {
		printProblem(w, &o.Problems[i])
	}
	if more := c.Incomplete + c.Failed - int64(len(o.Problems)); more > 0 {
		fmt.Fprintf(w, "  and %d more: SELECT * FROM sync.session_states WHERE last_error IS NOT NULL\n", more)
	}
	for _, r := range o.Rejected {
		fmt.Fprintf(w, "Set aside: %d %s records; see rollcall rejects list\n", r.Open, r.Entity)
	}
	for i := range o.Backfills {
		b := &o.Backfills[i]
		fmt.Fprintf(w, "Backfill from %s not done: app %s has come to %s\n", stamp(b.From), oneLine(b.AppID), stamp(b.Checkpoint))
	}
}

func printApps(w io.Writer, o *model.Overview) {
	for i := range o.Apps {
		a := &o.Apps[i]
		name := a.ID
		if a.Name != nil {
			name = *a.Name
		}
		fresh := "never listed to the end"
		if a.DiscoveredAt != nil {
			fresh = "fresh to " + stamp(*a.DiscoveredAt) + ", " + o.At.Sub(*a.DiscoveredAt).Round(time.Second).String() + " ago"
		}
		fmt.Fprintf(w, "App %s: %s\n", oneLine(name), fresh)
		if a.Error != nil {
			fmt.Fprintf(w, "  %s\n", oneLine(*a.Error))
		}
	}
}

func printProblem(w io.Writer, p *model.SessionProblem) {
	next := "with the next run"
	if p.RetryAt != nil {
		next = "after " + stamp(*p.RetryAt)
	}
	fmt.Fprintf(w, "  %s, attempt %d, again %s\n    %s\n", p.ID, p.Attempts, next, oneLine(p.Reason))
}

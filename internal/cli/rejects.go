package cli

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// rejectsCommand shows the records that were set aside and tries them again.
type rejectsCommand struct {
	List  rejectsListCommand  `cmd:"" default:"withargs" help:"List the records that were set aside, and why."`
	Retry rejectsRetryCommand `cmd:"" help:"Try them again by the rules of this version, after an upgrade for instance. Asks nothing of the API."`
}

type rejectsListCommand struct {
	databaseFlags `embed:"" group:"Database"`

	All  bool `help:"Also those that were resolved since."`
	Raw  bool `help:"Print the raw text as well; it may hold personal data."`
	JSON bool `name:"json" help:"One JSON object per line."`
}

// Run carries the command out.
func (c *rejectsListCommand) Run(s *shell) error {
	log := quietly(s.logger)
	pool, done, err := c.openWarehouse(s, log)
	if err != nil {
		return err
	}
	defer done()
	count := 0
	err = load.New(warehouse.New(pool, log)).Rejects(s.ctx, "", c.All, func(r model.StoredReject) error {
		count++
		if !c.Raw {
			r.Raw = ""
		}
		if c.JSON {
			return json.NewEncoder(plainJSON{s.stdout}).Encode(rejectView(r))
		}
		return c.print(s, &r)
	})
	if err == nil && count == 0 && !c.JSON {
		fmt.Fprintln(s.stdout, "No record is set aside.")
	}
	return err
}

// print writes a record in two or three lines that fit any terminal.
func (c *rejectsListCommand) print(s *shell, r *model.StoredReject) error {
	state := "open"
	if !r.ResolvedAt.IsZero() {
		state = "resolved " + stamp(r.ResolvedAt)
	}
	_, err := fmt.Fprintf(s.stdout, "%d  %s  %s\n    %s\n    session %s, seen %s, last %s, %s\n",
		r.ID, oneLine(r.Entity), oneLine(r.Key), oneLine(r.Reason), orDash(r.SessionID), plural(r.TimesSeen, "time"), stamp(r.LastSeenAt), state)
	if err == nil && c.Raw {
		_, err = fmt.Fprintf(s.stdout, "    %s\n", oneLine(r.Raw))
	}
	return err
}

func orDash(id model.UUID) string {
	if id.IsZero() {
		return "-"
	}
	return id.String()
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// rejectView is the JSON form of a rejected record; times are RFC 3339.
func rejectView(r model.StoredReject) any {
	view := struct {
		ID         int64      `json:"rejected_id"`
		Entity     string     `json:"entity"`
		AppID      string     `json:"app_id,omitempty"`
		SessionID  string     `json:"session_id,omitempty"`
		Key        string     `json:"record_key"`
		Reason     string     `json:"reason"`
		FirstSeen  time.Time  `json:"first_seen_at"`
		LastSeen   time.Time  `json:"last_seen_at"`
		TimesSeen  int        `json:"times_seen"`
		ResolvedAt *time.Time `json:"resolved_at"`
		Raw        string     `json:"raw_text,omitempty"`
	}{
		ID: r.ID, Entity: r.Entity, AppID: r.AppID, Key: r.Key, Reason: r.Reason,
		FirstSeen: r.FirstSeenAt.UTC(), LastSeen: r.LastSeenAt.UTC(), TimesSeen: r.TimesSeen, Raw: r.Raw,
	}
	if !r.SessionID.IsZero() {
		view.SessionID = r.SessionID.String()
	}
	if !r.ResolvedAt.IsZero() {
		at := r.ResolvedAt.UTC()
		view.ResolvedAt = &at
	}
	return view
}

type rejectsRetryCommand struct {
	accountFlags  `embed:""`
	databaseFlags `embed:"" group:"Database"`
	keyFlags      `embed:"" group:"Privacy"`
}

// Run carries the command out.
func (c *rejectsRetryCommand) Run(s *shell) error {
	if err := c.check(); err != nil {
		return err
	}
	pool, done, err := c.holdWarehouse(s, s.logger, false)
	if err != nil {
		return err
	}
	defer done()
	db, err := c.protected(s.ctx, pool, s.logger, warehouse.Privacy{})
	if err != nil {
		return err
	}
	understand := func(r model.Rejected) (model.Salvaged, error) { return extract.Understand(r, c.AccountID) }
	counts, err := pipeline.RetryRejects(s.ctx, pipeline.Config{AccountID: c.AccountID, Version: version()},
		understand, stores.New(db), s.logger)
	if err != nil {
		return err
	}
	newScreen(s).put("", "%s tried: %d loaded (%s new, %d changed), %d still set aside",
		plural(counts.Tried, "record"), counts.Loaded, plural(counts.Inserted, "row"), counts.Updated, counts.StillRejected)
	if counts.TooOld > 0 {
		newScreen(s).put("", "%s ended before the retention horizon and %s left out", plural(counts.TooOld, "session"), oneOrMany(counts.TooOld, "was", "were"))
	}
	if counts.StillRejected > 0 {
		return errPartial
	}
	return nil
}

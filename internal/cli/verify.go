package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

// verifyCommand compares the warehouse with the API.
type verifyCommand struct {
	apiFlags      `embed:"" group:"API"`
	databaseFlags `embed:"" group:"Database"`
	keyFlags      `embed:"" group:"Privacy"`

	rangeFlags
	Session list `placeholder:"ID,…" help:"Compare only these sessions, whatever their time."`
	App     list `predictor:"app" placeholder:"ID,…" help:"Compare only these apps, by id or name; overrides --app-ids."`
	IDs     bool `name:"ids" help:"Compare all participants and peer events by their ids, with their values, not their number alone: reads every page."`
	JSON    bool `name:"json" help:"Print one JSON object."`
	Quiet   bool `short:"q" help:"Print nothing when nothing differs."`
}

// Help gives the longer text of --help.
func (*verifyCommand) Help() string {
	return `Asks the API for every session of the range and compares it with the warehouse: its record, and the number of its participants. If that number differs or the API gives none, or with --ids, it compares participants and peer events one by one, with their names, ids and times. Costs about one request per session, within the shared request budget. Writes no data. Without --from or --last it begins with the first session.

A stopped verification of a range goes on where it stopped, and compares the sessions that differed before again. Sessions that are live, or changed after the last run, do not count as a difference. An app of the warehouse that the API does not list counts as one, unless --app or --app-ids names the apps.

Exit codes: 0 nothing differs; 1 failed; 2 wrong usage; 3 something differs, and the list says what to run, or the clocks do; 75 the budget is spent, another verification is under way, or it was told to stop: the same command goes on.`
}

// Run carries the command out.
func (c *verifyCommand) Run(s *shell) error {
	plan, span, err := c.plan()
	if err != nil {
		return err
	}
	if len(c.App) > 0 {
		c.AppIDs = c.App
	}
	bar := newBar(s, "verify", c.Quiet || c.JSON)
	defer bar.close()
	s.logger = bar.above(s.logger)
	j, err := openJob(s, jobOf{
		kind: model.KindVerify, api: &c.apiFlags, database: &c.databaseFlags, privacy: &c.keyFlags, asked: span, quiet: c.Quiet,
	})
	if err != nil {
		return err
	}
	defer j.close()
	plan.From, plan.To = j.from, j.to
	config := c.pipelineConfig() // with the apps by their ids
	config.Progress = bar.shown()
	release, err := postgres.HoldSchema(s.ctx, j.pool)
	if err != nil {
		return err
	}
	defer release()
	db := newWarehouse(j.pool, j.logger)
	if err := db.Protect(s.ctx, j.rules); err != nil {
		return err
	}
	result, err := pipeline.Verify(s.ctx, config, plan, j.client, stores.New(db), j.logger)
	bar.close()
	if result.Run.ID != 0 && (!c.Quiet || err != nil || result.Status != model.RunSucceeded) {
		if printErr := c.print(newScreen(s), result); printErr != nil {
			return printErr
		}
	}
	if err == nil && result.Status == model.RunPartial {
		return errPartial
	}
	return err
}

func (c *verifyCommand) plan() (plan pipeline.VerifyPlan, s span, err error) {
	plan = pipeline.VerifyPlan{ByIDs: c.IDs, OfMany: c.ofSeveral}
	if plan.Sessions, err = sessionIDs(c.Session); err != nil {
		return plan, s, err
	}
	if len(c.Session) > 0 && c.given() {
		return plan, s, fmt.Errorf("%w: --session cannot be combined with --from, --to or --last", model.ErrUsage)
	}
	if s, err = c.span(); err == nil {
		_, _, err = s.at(machineNow())
	}
	return plan, s, err
}

// print writes what differs and what to run, then one line about the whole.
func (c *verifyCommand) print(w *screen, r pipeline.VerifyResult) error {
	if c.JSON {
		encoder := json.NewEncoder(plainJSON{w.w})
		encoder.SetIndent("", "  ")
		return encoder.Encode(verifyView(r))
	}
	for i := range r.Differences {
		printDifference(w, &r.Differences[i])
	}
	resumed := ""
	if r.Resumed {
		resumed = ", those of the earlier try included"
	}
	w.put("", "verify %d %s in %s: %s compared%s (%d live, %d newer than the last run, %d gone and kept), %d %s; %s",
		r.Run.ID, r.Status, r.Took.Round(10*time.Millisecond), plural(r.Compared, "session"), resumed, r.Live, r.Newer, r.Gone,
		len(r.Differences), oneOrMany(len(r.Differences), "differs", "differ"), plural(r.Summary.Requests, "request"))
	printTooOld(w, r.TooOld, r.Horizon)
	if r.Clocks != "" {
		w.put("", "clocks: %s", r.Clocks)
	}
	return nil
}

func printDifference(w *screen, d *pipeline.Difference) {
	switch {
	case !d.SessionID.IsZero():
		w.put("", "%s  created %s  app %s", d.SessionID, stampOrDash(d.CreatedAt), d.AppID)
	case d.Key != "":
		w.put("", "session record %s  app %s", d.Key, d.AppID)
	case d.AppID != "":
		w.put("", "app %s", d.AppID)
	default:
		w.put("", "the account")
	}
	for _, f := range d.Findings {
		w.put("    ", "%s: %s", f.Kind, f.Detail)
	}
	for _, id := range d.Participants {
		w.put("    ", "missing participant %s", id)
	}
	w.put("    ", "to mend: %s", mend(d))
}

func stampOrDash(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return stamp(t)
}

// mend gives the command that brings warehouse and API together.
func mend(d *pipeline.Difference) string {
	only := func(kind string) bool {
		return !slices.ContainsFunc(d.Findings, func(f pipeline.Finding) bool { return f.Kind != kind })
	}
	switch {
	case d.SessionID.IsZero() && only(pipeline.FoundSetAside):
		return "rollcall rejects list" // says why; the next run reads it again
	case only(pipeline.FoundSetAside): // reading it again sets the same aside again
		return "rollcall rejects list, which says why; then rollcall rejects retry after an upgrade, or rollcall backfill --session " +
			d.SessionID.String() + " once the vendor has corrected it"
	case only(pipeline.FoundAppMissing):
		return "nothing if it was deleted at the vendor (REALTIMEKIT_APP_IDS then names the others); else rollcall doctor"
	case d.SessionID.IsZero():
		return "rollcall verify, once more"
	}
	return "rollcall backfill --session " + d.SessionID.String()
}

// verifyView is the JSON form of a verification.
func verifyView(r pipeline.VerifyResult) any {
	type finding struct {
		Kind   string `json:"kind"`
		Detail string `json:"detail"`
	}
	type difference struct {
		AppID        string     `json:"app_id"`
		SessionID    *string    `json:"session_id"`
		CreatedAt    *time.Time `json:"created_at"`
		Findings     []finding  `json:"findings"`
		Participants []string   `json:"missing_participant_ids"`
		Mend         string     `json:"to_mend"`
	}
	view := struct {
		RunID       int64        `json:"run_id"`
		Status      string       `json:"status"`
		Resumed     bool         `json:"resumed"`
		Compared    int          `json:"sessions_compared"`
		Live        int          `json:"sessions_live"`
		Newer       int          `json:"sessions_newer"`
		Gone        int          `json:"sessions_gone"`
		TooOld      int          `json:"sessions_too_old"` // ended before the retention horizon
		Requests    int64        `json:"requests"`
		Differences []difference `json:"differences"`
		Clocks      string       `json:"clocks"` // which is wrong, empty where they agree
	}{
		r.Run.ID, r.Status, r.Resumed, r.Compared, r.Live, r.Newer, r.Gone, r.TooOld, r.Summary.Requests, make([]difference, 0, len(r.Differences)), r.Clocks,
	}
	for i := range r.Differences {
		d := &r.Differences[i]
		out := difference{AppID: d.AppID, Participants: []string{}, Mend: mend(d)}
		if !d.SessionID.IsZero() {
			out.SessionID = new(d.SessionID.String())
		}
		if !d.CreatedAt.IsZero() {
			out.CreatedAt = new(d.CreatedAt.UTC())
		}
		for _, f := range d.Findings {
			out.Findings = append(out.Findings, finding{f.Kind, strings.ToValidUTF8(f.Detail, "\uFFFD")})
		}
		for _, id := range d.Participants {
			out.Participants = append(out.Participants, id.String())
		}
		view.Differences = append(view.Differences, out)
	}
	return view
}

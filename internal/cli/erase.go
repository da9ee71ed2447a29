package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/find"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// eraseCommand takes a person out of the warehouse.
type eraseCommand struct {
	databaseFlags `embed:"" group:"Database"`
	keyFlags      `embed:"" group:"Privacy"`

	UserID              []string `name:"user-id" sep:"none" placeholder:"ID" help:"The vendor's id of the person in one meeting; may be repeated. - reads ids from standard input, one per line, where others cannot see them."`
	CustomParticipantID []string `name:"custom-participant-id" sep:"none" placeholder:"ID" help:"The person's id in your own system, with every user_id that was ever seen with it; may be repeated; - reads ids from standard input."`
	ParticipantID       []string `name:"participant-id" sep:"none" placeholder:"UUID" help:"One participant of one session, where it has no other id; may be repeated."`
	App                 filled   `predictor:"app" placeholder:"APP" help:"Only in this app, named by its id or name, where the same custom id is somebody else's in another."`
	Pseudonymise        bool     `help:"Keep the rows and their times, so that counts stay, but nothing that says whose they are."`
	AllSpellings        bool     `xor:"spelling" help:"Also erase by ids that differ from a --custom-participant-id in upper and lower case or outer spaces only; a UUID is the same in either case. Without this or --exact-spelling, nobody is erased where such ids are stored."`
	ExactSpelling       bool     `xor:"spelling" help:"Leave such ids: they are somebody else's."`
	DryRun              bool     `help:"Count what would be erased; write nothing."`
	Yes                 bool     `help:"Confirm: what is erased cannot be recovered."`
}

// Run carries the command out.
func (c *eraseCommand) Run(s *shell) error {
	e, err := c.erasure()
	if err != nil {
		return err
	}
	pool, done, err := c.holdWarehouse(s, s.logger, c.DryRun)
	if err != nil {
		return err
	}
	defer done()
	db, err := c.protected(s.ctx, pool, s.logger, warehouse.Privacy{})
	if err != nil {
		return err
	}
	if e.AppID, err = find.App(s.ctx, pool, e.AppID); err != nil {
		return err
	}
	counts, err := erasure.New(db).Erase(s.ctx, e)
	if err != nil {
		return err
	}
	c.print(newScreen(s), counts)
	if c.DryRun {
		return nil
	}
	_, err = db.RefreshAnalytics(s.ctx)
	return err
}

func (c *eraseCommand) erasure() (erasure.Erasure, error) {
	if err := c.readInput(os.Stdin); err != nil {
		return erasure.Erasure{}, err
	}
	e := erasure.Erasure{
		UserIDs: slices.Clone(c.UserID), CustomIDs: c.CustomParticipantID, AppID: string(c.App), Mode: privacy.Remove, DryRun: c.DryRun, Version: version(),
	}
	if c.Pseudonymise {
		e.Mode = privacy.Pseudonymise
	}
	switch {
	case c.AllSpellings:
		e.Spellings = erasure.EraseSpellings
	case c.ExactSpelling:
		e.Spellings = erasure.KeepSpellings
	}
	for _, id := range c.UserID { // the vendor's own, a UUID mostly
		if folded := model.FoldID(id); folded != id {
			e.UserIDs = append(e.UserIDs, folded)
		}
	}
	for _, text := range c.ParticipantID {
		id, err := model.ParseUUID(text)
		if err != nil {
			return e, fmt.Errorf("%w: --participant-id: %w", model.ErrUsage, err)
		}
		e.ParticipantIDs = append(e.ParticipantIDs, id)
	}
	for _, text := range append(append([]string{}, c.UserID...), c.CustomParticipantID...) {
		if text == "" || privacy.IsPseudonym(text) {
			return e, fmt.Errorf("%w: %q is no identifier of the vendor's or yours", model.ErrUsage, text)
		}
	}
	switch {
	case len(c.UserID)+len(c.CustomParticipantID)+len(c.ParticipantID) == 0:
		return e, fmt.Errorf("%w: say whom: --user-id, --custom-participant-id or --participant-id", model.ErrUsage)
	case !c.DryRun && !c.Yes:
		return e, fmt.Errorf("%w: what is erased cannot be recovered; look with --dry-run, then confirm with --yes", model.ErrUsage)
	}
	return e, nil
}

// readInput puts lines of in, at most one identifier each, where "-" is given.
func (c *eraseCommand) readInput(in io.Reader) error {
	read := false
	for _, ids := range []*[]string{&c.UserID, &c.CustomParticipantID} {
		at := slices.Index(*ids, "-")
		if at < 0 {
			continue
		}
		if read {
			return fmt.Errorf("%w: - stands for standard input, which can be read for one flag only", model.ErrUsage)
		}
		read = true
		text, err := io.ReadAll(in)
		if err != nil {
			return fmt.Errorf("read the identifiers from standard input: %w", err)
		}
		if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
			return fmt.Errorf("%w: standard input is no text in UTF-8, or has a zero byte in it: save the list as UTF-8", model.ErrUsage)
		}
		lines := strings.FieldsFunc(string(withoutMark(text)), func(r rune) bool { return r == '\n' || r == '\r' })
		if len(lines) == 0 {
			return fmt.Errorf("%w: standard input has no identifiers", model.ErrUsage)
		}
		*ids = slices.Replace(*ids, at, at+1, lines...)
	}
	return nil
}

// print tells what was done, without saying to whom.
func (c *eraseCommand) print(w *screen, n erasure.Counts) {
	verb := "removed"
	if c.Pseudonymise {
		verb = "pseudonymised"
	}
	for _, line := range []struct {
		count       int
		table, verb string
	}{
		{n.Participants, "realtimekit.participants", verb},
		{n.PeerEvents, "realtimekit.peer_events", verb},
		{n.MeetingParticipants, "realtimekit.meeting_participants", verb},
		{n.PeerReports, "realtimekit.peer_reports", "removed"},
		{n.PeerReportStates, "sync.peer_report_states", "removed"},
		{n.RejectedRecords, "sync.rejected_records", "removed"},
		{n.Excuses, "analytics.excuses", "removed"},
		{n.MaskedTexts, "messages and unknown fields", "masked"},
		{n.Identifiers, "sync.suppressions", "new"},
	} {
		w.put(fmt.Sprintf("%-34s %8d ", naming.Text(line.table), line.count), "%s", line.verb)
	}
	w.put("", "in %s of %s", plural(n.Sessions, "session"), plural(n.Apps, "app"))
	if n.NoRow() {
		w.put("", "nobody with these identifiers is stored: check the spelling, unless they are to be kept out before they come")
	}
	if n.ParticipantsOfSameCustomID > 0 {
		w.put("", "%s with the same custom_participant_id %s: erase by that id, if it is one person's",
			plural(n.ParticipantsOfSameCustomID, "more participant"), oneOrMany(n.ParticipantsOfSameCustomID, "stays", "stay"))
	}
	if n.OtherSpellings != "" {
		w.put("", "other spellings are stored: %s; say --all-spellings to erase them too, or --exact-spelling to leave them", n.OtherSpellings)
	}
	if c.DryRun {
		w.put("", "nothing was written")
		return
	}
	w.put("", "the vendor still has its records, and backups theirs: see docs/privacy.md")
}

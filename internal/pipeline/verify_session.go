package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Difference is one session in which warehouse and API do not agree; SessionID is
// zero where it is not about one session.
type Difference struct {
	AppID     string
	SessionID model.UUID
	Key       string // of a record that cannot be used, as the API sent it
	CreatedAt time.Time
	Findings  []Finding
	// Participants holds the first of those that the API lists and the warehouse
	// lacks.
	Participants []model.UUID
}

// Finding is one way in which a session differs.
type Finding struct {
	Kind   string // one of the Found constants
	Detail string
}

// Kinds of finding.
const (
	FoundMissing      = "missing"      // the API has the session, the warehouse lacks it
	FoundGone         = "gone"         // the warehouse has the session, the API does not know it
	FoundRecord       = "record"       // columns of the session differ
	FoundParticipants = "participants" // participants differ
	FoundEvents       = "peer_events"  // peer events are missing
	FoundSetAside     = "set_aside"    // a record waits in the rejected records
	FoundUnread       = "unread"       // the API did not give the session
	FoundList         = "list"         // a list of the API does not add up
	FoundAppMissing   = "app_missing"  // the warehouse has the app, the API does not list it
)

// mostIDs is how many missing participants of a session are named.
const mostIDs = 10

// candidate is a session of the API, of the warehouse, or of both.
type candidate struct {
	id     model.UUID
	listed *model.Session // nil where no list showed it
	held   *model.Holding // nil where nothing is known of it
}

// at gives the time by which a session is placed in a range; zero for none.
func (c candidate) at() time.Time {
	switch {
	case c.listed != nil:
		return placed(c.listed)
	case c.held != nil:
		return placed(&c.held.Session)
	}
	return time.Time{}
}

// differ notes a difference.
func (v *verification) differ(ctx context.Context, d Difference) {
	v.result.Differences = append(v.result.Differences, d)
	var kinds []string
	for _, f := range d.Findings {
		kinds = append(kinds, f.Kind)
	}
	v.logger.DebugContext(ctx, "session differs", "app_id", d.AppID, "session_id", d.SessionID.String(), "kinds", strings.Join(kinds, " "))
}

// count counts a session as compared, or takes that back.
func (a *appVerification) count(n int) {
	a.result.Compared += n
	a.reached.Compared += n
}

// compare compares one session. An error ends the verification; an answer that
// the API owes for this session alone is a difference.
func (a *appVerification) compare(ctx context.Context, c candidate) error {
	d := Difference{AppID: a.appID, SessionID: c.id, CreatedAt: c.at()}
	err := a.look(ctx, c, &d)
	if rejected, ok := errors.AsType[*model.RejectedError](err); ok {
		d.found(FoundSetAside, "%s", rejected.Record.Reason)
		err = nil
	}
	if err != nil {
		if !endsRun(ctx, err) {
			d.found(FoundUnread, "%v", err)
			err = a.sessionRefusals.judge(err, c.held != nil && c.held.Problem != "")
		}
		if err != nil {
			return fmt.Errorf("session %s: %w", c.id, err)
		}
	}
	a.count(1)
	delete(a.differing, c.id)
	if len(d.Findings) > 0 {
		a.differing[c.id] = true
		a.differ(ctx, d)
		return nil
	}
	a.logger.DebugContext(ctx, "session compared", "app_id", a.appID, "session_id", c.id.String())
	return nil
}

func (d *Difference) found(kind, format string, args ...any) {
	d.Findings = append(d.Findings, Finding{kind, fmt.Sprintf(format, args...)})
}

// look finds how a session differs.
func (a *appVerification) look(ctx context.Context, c candidate, d *Difference) error {
	if c.listed == nil {
		session, err := a.source.Session(ctx, a.appID, c.id)
		if errors.Is(err, model.ErrNotFound) {
			a.gone(c, d)
			return nil
		}
		if err != nil {
			return err
		}
		c.listed, d.CreatedAt = &session, placed(&session)
	}
	switch {
	case c.held == nil || !c.held.Stored:
		a.missing(c, d)
		return nil
	case c.listed.Status != model.StatusEnded && c.held.Session.Status != model.StatusEnded:
		a.result.Live++ // its rows grow while one looks
		return nil
	}
	if err := a.contents(ctx, c, d); err != nil {
		return err
	}
	a.sessionRefusals.answered()
	if len(d.Findings) > 0 && a.nextRunReads(c) {
		d.Findings, d.Participants = nil, nil
		a.result.Newer++
	}
	return nil
}

// gone notes a session that the API does not know. Once the books say so too, it
// is kept and no difference any more.
func (a *appVerification) gone(c candidate, d *Difference) {
	switch {
	case c.held == nil: // it differed before, and neither side has it now
	case c.held.Gone:
		a.result.Gone++
	default:
		d.found(FoundGone, "the API does not know it any more; the warehouse keeps %s", plural(c.held.Participants, "participant"))
	}
}

func (a *appVerification) missing(c candidate, d *Difference) {
	if isBefore(c.listed, a.result.Horizon) {
		a.result.TooOld++
		return
	}
	if at := placed(c.listed); !a.covered.AsOf.IsZero() && !at.Before(a.covered.AsOf) {
		a.result.Newer++
		return
	}
	detail := "not in the warehouse"
	if c.held != nil && c.held.Problem != "" {
		detail += ": " + c.held.Problem
	}
	d.found(FoundMissing, "%s", detail)
}

// nextRunReads reports whether a session that differs is one that the next run
// reads again in any case, so that nothing is wrong yet: it changed after the last
// run, or was live or inside the settle window when it was read. One that failed
// or did not add up is no such case.
func (a *appVerification) nextRunReads(c candidate) bool {
	switch {
	case a.covered.AsOf.IsZero() || c.held.Problem != "":
		return false
	case !c.held.Settled:
		return true
	}
	inLookback := !c.listed.CreatedAt.Before(a.covered.Watermark.Add(-a.cfg.Lookback))
	changed := !c.listed.LastChange().Before(a.covered.AsOf) || !c.listed.UpdatedAt.Before(a.covered.AsOf)
	return inLookback && changed
}

// contents compares the records of a session that both have, then its
// participants: by their number, and by their ids where that differs, where the
// API gives no number, or where it is asked for.
func (a *appVerification) contents(ctx context.Context, c candidate, d *Difference) error {
	if columns := differingColumns(&c.held.Session, c.listed); len(columns) > 0 {
		d.found(FoundRecord, "%s", strings.Join(columns, ", "))
	}
	if c.held.SetAside+c.held.EventsSetAside > 0 {
		d.found(FoundSetAside, "%s and %s set aside; rollcall rejects list says why",
			plural(c.held.SetAside, "participant"), plural(c.held.EventsSetAside, "peer event"))
	}
	if !a.plan.ByIDs {
		announced, err := a.source.CountParticipants(ctx, a.appID, c.id)
		if err != nil || announced >= 0 && announced == c.held.Participants+c.held.SetAside+c.held.Erased {
			return err
		}
	}
	return a.ids(ctx, c, d)
}

// ids compares participants and events by their ids, page by page. Stored events
// that the API no longer gives are no difference: they are kept on purpose.
func (a *appVerification) ids(ctx context.Context, c candidate, d *Difference) error {
	var missing, changed, events, erased int
	pass, err := twice(func() (model.Pass, error) {
		missing, changed, events, erased, d.Participants = 0, 0, 0, 0, nil
		return a.source.Participants(ctx, a.appID, c.id, func(page model.ParticipantPage) error {
			absent, err := a.stores.Verifier.Absent(ctx, a.appID, c.id, page)
			erased += absent.Erased
			missing, changed, events = missing+len(absent.Participants), changed+absent.Changed, events+absent.Events
			if room := mostIDs - len(d.Participants); room > 0 {
				d.Participants = append(d.Participants, absent.Participants[:min(room, len(absent.Participants))]...)
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	stored := c.held.Participants + c.held.SetAside
	extra := stored + erased - (pass.Distinct - missing)
	if missing+changed > 0 || extra > 0 {
		d.found(FoundParticipants, "the API lists %d, the warehouse holds %d: %d missing, %d no longer listed, %d changed",
			pass.Distinct, stored, missing, max(extra, 0), changed)
	}
	if events > 0 {
		d.found(FoundEvents, "%s missing of participants that are stored", plural(events, "event"))
	}
	if doubt := pass.Doubt(); doubt != "" {
		d.found(FoundList, "the list of its participants does not add up: %s", doubt)
	}
	return nil
}

// differingColumns names the columns of a session whose values differ.
func differingColumns(held, listed *model.Session) []string {
	var columns []string
	note := func(column string, same bool) {
		if !same {
			columns = append(columns, column)
		}
	}
	note("status", held.Status == listed.Status)
	note("meeting_id", held.MeetingID == listed.MeetingID)
	note("meeting_title", held.MeetingTitle == listed.MeetingTitle)
	note("session_type", held.Type == listed.Type)
	note("max_concurrent_participants", held.MaxConcurrent == listed.MaxConcurrent)
	note("minutes_consumed", held.MinutesConsumed == listed.MinutesConsumed)
	note("started_at", sameTime(held.StartedAt, listed.StartedAt))
	note("ended_at", sameTime(held.EndedAt, listed.EndedAt))
	note("created_at", sameTime(held.CreatedAt, listed.CreatedAt))
	note("updated_at", sameTime(held.UpdatedAt, listed.UpdatedAt))
	return columns
}

// sameTime compares as Postgres does, to the microsecond.
func sameTime(a, b time.Time) bool {
	return a.IsZero() == b.IsZero() && a.UnixMicro() == b.UnixMicro()
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// anyOf names apps in a sentence that says what none of them has.
func anyOf(apps []string) string {
	if len(apps) == 1 {
		return "app " + apps[0]
	}
	return fmt.Sprintf("any of the %d apps", len(apps))
}

// listed names sessions in a sentence.
func listed(ids []model.UUID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	if len(ids) == 1 {
		return "session " + texts[0]
	}
	return "sessions " + strings.Join(texts, ", ")
}

// named compares the sessions that a verification names, in whichever app they
// are. It needs no checkpoint.
func (v *verification) named(ctx context.Context, apps []string) error {
	if v.plan.OfMany {
		var err error
		if v.plan.Sessions, err = leaveOthers(ctx, v.stores.Inventory, v.run.AccountID, v.plan.Sessions); err != nil {
			return err
		}
	}
	v.progress.sessions(len(v.plan.Sessions))
	var missing []model.UUID
	var unanswered error
	for _, id := range v.plan.Sessions {
		found, err := v.namedSession(ctx, apps, id)
		switch {
		case err != nil && endsRun(ctx, err):
			return errors.Join(unanswered, err)
		case err != nil: // it keeps no other session from being compared
			unanswered = errors.Join(unanswered, err)
		case !found:
			missing = append(missing, id)
		}
		v.progress.named()
	}
	if len(missing) == 0 {
		return unanswered
	}
	return errors.Join(unanswered, fmt.Errorf("%s: %w in %s, nor in the warehouse; check the ids, REALTIMEKIT_APP_IDS and CLOUDFLARE_ACCOUNT_ID",
		listed(missing), model.ErrNotFound, anyOf(apps)))
}

// namedSession compares a session in the app that the warehouse knows, else in
// each.
func (v *verification) namedSession(ctx context.Context, apps []string, id model.UUID) (found bool, err error) {
	if err := ofAnother(ctx, v.stores.Inventory, v.run.AccountID, id); err != nil {
		return false, err
	}
	none := v.run.StartedAt
	held, err := v.stores.Verifier.Holdings(ctx, "", []model.UUID{id}, none, none)
	if err != nil {
		return false, err
	}
	c := candidate{id: id}
	if len(held) > 0 {
		c.held, apps = &held[0], []string{held[0].Session.AppID}
	}
	var unanswered error // one app that fails keeps none after it from being asked
	for _, appID := range apps {
		if c.held == nil {
			session, err := v.source.Session(ctx, appID, id)
			if err != nil {
				err = fmt.Errorf("session %s: %w", id, err)
			}
			switch {
			case errors.Is(err, model.ErrNotFound):
				continue
			case err != nil && endsRun(ctx, err):
				return false, err
			case err != nil:
				unanswered = appError{err}
				continue
			}
			c.listed = &session
		}
		covered, err := v.stores.Verifier.Coverage(ctx, appID)
		if err != nil {
			return false, err
		}
		a := &appVerification{verification: v, appID: appID, covered: covered, differing: make(map[model.UUID]bool)}
		return true, a.compare(ctx, c)
	}
	if unanswered == nil {
		return false, nil
	}
	return false, cmp.Or(v.sessionRefusals.judge(unanswered, false), unanswered)
}

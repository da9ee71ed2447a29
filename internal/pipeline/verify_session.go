package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
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
		if isOfNobody(c.listed, err) {
			announced, err = 0, nil
		}
		if err != nil || announced >= 0 && announced == c.held.Participants+c.held.SetAside+c.held.Erased {
			return err
		}
	}
	return a.ids(ctx, c, d)
}

// ids compares participants and events by their ids, with their values, page by page. Stored events
// that the API no longer gives are no difference: they are kept on purpose.
func (a *appVerification) ids(ctx context.Context, c candidate, d *Difference) error {
	var missing, changed, events, otherEvents, erased int
	pass, err := twice(func() (model.Pass, error) {
		missing, changed, events, otherEvents, erased, d.Participants = 0, 0, 0, 0, 0, nil
		return a.source.Participants(ctx, a.appID, c.id, func(page model.ParticipantPage) error {
			absent, err := a.stores.Verifier.Absent(ctx, a.appID, c.id, page)
			erased += absent.Erased
			missing, changed = missing+len(absent.Participants), changed+absent.Changed
			events, otherEvents = events+absent.Events, otherEvents+absent.EventsChanged
			if room := mostIDs - len(d.Participants); room > 0 {
				d.Participants = append(d.Participants, absent.Participants[:min(room, len(absent.Participants))]...)
			}
			return err
		})
	})
	if isOfNobody(c.listed, err) {
		pass, err = model.Pass{Announced: -1}, nil
	}
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
	if otherEvents > 0 {
		d.found(FoundEvents, "%s stored with other values", plural(otherEvents, "event"))
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

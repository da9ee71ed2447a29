package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// discovery lists the sessions of one app and hands those that must be read to
// the group.
type discovery struct {
	*work
	appID            string
	listFrom, listTo time.Time // the list to ask for
	from, to         time.Time // sessions created in [from, to) count; zero means open
	followUps        bool      // ask also for unsettled sessions that are not listed
	// preview, unless it is nil, is told of each session that would be read; nothing is read
	// or written then. session is nil for one that would be asked for by its id.
	preview func(session *model.Session, state model.SessionState)

	group   *errgroup.Group
	ctx     context.Context //nolint:containedctx // the group's, for the functions it runs
	newest  time.Time       // creation time of the newest session seen
	count   int             // sessions of the range that were listed
	problem string          // why the list cannot be trusted
	again   aside           // records that the list set aside
}

func (d *discovery) run(ctx context.Context) error {
	d.again = make(aside)
	pass, err := twice(func() (model.Pass, error) {
		return d.source.Sessions(ctx, d.appID, d.listFrom, d.listTo, func(page model.SessionPage) error {
			return d.page(ctx, page)
		})
	})
	if errors.Is(err, model.ErrNotFound) {
		return fmt.Errorf("list the sessions: %w; check REALTIMEKIT_APP_IDS and CLOUDFLARE_ACCOUNT_ID", err)
	}
	if err != nil {
		return fmt.Errorf("list the sessions: %w", err)
	}
	if d.problem = pass.Doubt(); d.problem == "" && d.preview == nil {
		if err := d.closeAside(ctx, model.EntitySession, d.appID, d.again, d.coversAside); err != nil {
			return err
		}
	}
	if d.followUps {
		return d.followUp(ctx)
	}
	return nil
}

// watermark gives the point up to which the app is known; none if the list did
// not add up. A session that claims to be of the future does not move it there:
// what begins until then would never be listed.
func (d *discovery) watermark() time.Time {
	switch {
	case d.problem != "":
		return time.Time{}
	case d.newest.After(d.pastSince()):
		return d.pastSince()
	}
	return d.newest
}

// page decides about the sessions of one page, with one look at their states.
func (d *discovery) page(ctx context.Context, page model.SessionPage) error {
	if d.preview == nil {
		d.again.add(page.Rejected)
		if err := d.setAside(ctx, page.Rejected); err != nil {
			return err
		}
	}
	ids := make([]model.UUID, 0, len(page.Sessions))
	for i := range page.Sessions {
		ids = append(ids, page.Sessions[i].ID)
	}
	states, err := d.stores.Ledger.States(ctx, ids)
	if err != nil {
		return err
	}
	var due []model.DueSession // for others to read
	var mine []model.Session
	failed := map[model.UUID]bool{}
	for i := range page.Sessions {
		session := page.Sessions[i]
		if !d.inRange(&session) || !d.isFirst(ctx, session.ID) {
			continue
		}
		d.listed++
		d.count++
		if session.CreatedAt.After(d.newest) {
			d.newest = session.CreatedAt
		}
		state, known := states[session.ID]
		switch {
		case !d.isDue(&session, state, known):
		case d.preview != nil:
			d.preview(&session, state)
		case d.hand != nil:
			due = append(due, model.DueSession{ID: session.ID, IsNew: !known, IsSame: isSame(state, &session), CreatedAt: session.CreatedAt})
		default:
			mine = append(mine, session)
			failed[session.ID] = state.Failed
		}
	}
	if err := d.read(ctx, mine, failed); err != nil {
		return err
	}
	return d.handOver(ctx, due)
}

// isDue reports whether a listed session is to be read now, and counts those that are too
// old or wait for another try. known tells that the warehouse has a state of it.
func (d *discovery) isDue(listed *model.Session, state model.SessionState, known bool) bool {
	return !d.isTooOld(listed) && (d.plan.Full || !known || mustRead(state, listed)) && !d.pausedFor(state, listed)
}

// read reads sessions of a page, several at once. failed tells whose last reading failed.
func (d *discovery) read(ctx context.Context, sessions []model.Session, failed map[model.UUID]bool) error {
	if err := d.stores.Sessions.Expect(ctx, d.work.run, sessions); err != nil {
		return err
	}
	for _, session := range sessions {
		d.group.Go(func() error {
			defer d.advance(&session)
			return sessionWork{d.work}.session(d.ctx, session, failed[session.ID])
		})
	}
	return nil
}

// handOver lets others read what is due.
func (d *discovery) handOver(ctx context.Context, due []model.DueSession) error {
	if len(due) == 0 {
		return ctx.Err()
	}
	return d.hand(ctx, due)
}

// isFirst reports whether the run comes upon a session for the first time. One
// that two apps claim is stored for the first; which is right nobody can tell.
func (d *discovery) isFirst(ctx context.Context, id model.UUID) bool {
	appID, known := d.handled[id]
	if !known {
		d.handled[id] = d.appID
		return true
	}
	if appID != d.appID {
		d.logger.WarnContext(ctx, "session listed by two apps", "session_id", id.String(), "stored_for", appID, "also_listed_by", d.appID)
	}
	return false
}

// inRange reports whether a session belongs to the range.
func (d *discovery) inRange(s *model.Session) bool { return isCreatedIn(s, d.from, d.to) }

// isCreatedIn reports whether a session belongs to [from, to); zero means open. One
// without any time belongs to every range.
func isCreatedIn(s *model.Session, from, to time.Time) bool {
	at := placed(s)
	return at.IsZero() || !at.Before(from) && (to.IsZero() || at.Before(to))
}

// placed gives the time by which a session is placed in a range: its creation, or
// without that its start; zero for none.
func placed(s *model.Session) time.Time {
	if s.CreatedAt.IsZero() {
		return s.StartedAt
	}
	return s.CreatedAt
}

// mustRead decides whether a known session's participants are read again.
func mustRead(state model.SessionState, listed *model.Session) bool {
	return !state.Settled || !isSame(state, listed)
}

// isSame reports whether a session ended and all of it is stored as it is listed.
func isSame(state model.SessionState, listed *model.Session) bool {
	return state.Complete && listed.Status == model.StatusEnded && bytes.Equal(state.Fingerprint, listed.Fingerprint())
}

// pausedFor reports whether a session waits for another try: it failed or did
// not add up more than once, and nothing about it has changed since. Only the
// cron job waits; whoever asks for a range by hand gets it read.
func (d *discovery) pausedFor(state model.SessionState, listed *model.Session) bool {
	if !state.Paused || d.plan.Kind != model.KindRun || listed != nil && !bytes.Equal(state.Tried, listed.Fingerprint()) {
		return false
	}
	d.waiting++
	d.leaveOut()
	return true
}

// followUp asks by id for the sessions that are not done with but were not
// listed: those that run for longer than the lookback, and those that failed.
func (d *discovery) followUp(ctx context.Context) error {
	open, err := d.stores.Ledger.Unsettled(ctx, d.appID)
	if err != nil {
		return err
	}
	var due []model.DueSession
	for i := range open {
		id, failed := open[i].SessionID, open[i].Failed
		if !d.isFirst(ctx, id) || d.pausedFor(open[i], nil) {
			continue
		}
		if d.preview != nil {
			d.preview(nil, open[i])
			continue
		}
		if d.hand != nil {
			due = append(due, model.DueSession{ID: id, IsSame: open[i].Complete && !failed})
			continue
		}
		d.group.Go(func() error { return sessionWork{d.work}.sessionByID(d.ctx, d.appID, id, failed) })
	}
	return d.handOver(ctx, due)
}

package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// sessionWork is the reading of single sessions in a run.
type sessionWork struct{ *work }

// sessionByID reads a session that no list showed. failedBefore tells that its last
// reading failed.
func (w sessionWork) sessionByID(ctx context.Context, appID string, id model.UUID, failedBefore bool) error {
	session, err := w.source.Session(ctx, appID, id)
	if err != nil {
		return w.lost(ctx, appID, id, failedBefore, err)
	}
	return w.session(ctx, session, failedBefore)
}

// lost notes that the API did not give the record of a session.
func (w sessionWork) lost(ctx context.Context, appID string, id model.UUID, failedBefore bool, reason error) error {
	ctx, done := w.cfg.Observe(ctx, appID, id)
	outcome, err := w.failed(ctx, model.Session{ID: id, AppID: appID}, failedBefore, reason)
	done(outcome, reason)
	return err
}

// session reads and stores one session. An error ends the run; a failure of this session
// alone is noted, and the error is nil. failedBefore tells that its last reading failed.
func (w sessionWork) session(ctx context.Context, session model.Session, failedBefore bool) error {
	ctx, done := w.cfg.Observe(ctx, session.AppID, session.ID)
	reading, err := w.readAndStore(ctx, session)
	if err != nil {
		outcome, end := w.failed(ctx, session, failedBefore, err)
		done(outcome, err)
		return end
	}
	w.sessionRefusals.answered()
	done(reading.Outcome(), nil)
	return nil
}

func (w sessionWork) readAndStore(ctx context.Context, session model.Session) (model.Reading, error) {
	var reading model.Reading
	counts, err := w.stores.Sessions.LoadSession(ctx, w.run, session,
		func(ctx context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
			var err error
			reading, err = w.read(ctx, &session, stage)
			return reading, err
		})
	if err != nil {
		return reading, err
	}
	if counts.Rejected > 0 {
		w.leaveOut()
		w.logger.WarnContext(ctx, "records set aside", "app_id", session.AppID, "session_id", session.ID.String(), "records_rejected", counts.Rejected)
	}
	if reading.Problem != "" {
		w.leaveUnread()
		w.logger.WarnContext(ctx, "session incomplete", "app_id", session.AppID, "session_id", session.ID.String(), "problem", reading.Problem)
	}
	w.progress.stored(counts)
	w.storedMore(ctx, counts)
	w.logger.DebugContext(ctx, "session stored", "session_id", session.ID.String(), "status", session.Status,
		"participants", reading.Distinct, "rows_inserted", counts.Inserted, "rows_updated", counts.Updated,
		"rows_unchanged", counts.Unchanged)
	return reading, nil
}

// failed notes that a session could not be read, and lets the run go on, unless
// the reason concerns the run as a whole. The outcome is empty where the session
// does not count as failed. The refusal that ends the run is noted with its session too,
// so that the next run comes to the sessions after it.
func (w sessionWork) failed(ctx context.Context, session model.Session, failedBefore bool, reason error) (outcome string, err error) {
	if rejected, ok := errors.AsType[*model.RejectedError](reason); ok {
		w.sessionRefusals.answered()
		return "", w.setAside(ctx, []model.Rejected{rejected.Record})
	}
	if endsRun(ctx, reason) {
		return "", fmt.Errorf("session %s: %w", session.ID, reason)
	}
	w.leaveUnread()
	w.logger.WarnContext(ctx, "session failed", "app_id", session.AppID, "session_id", session.ID.String(), "error", reason)
	denied := w.sessionRefusals.judge(reason, failedBefore)
	return model.OutcomeFailed, errors.Join(denied, w.stores.Sessions.FailSession(ctx, w.run, session, reason.Error(), absence(reason)))
}

// absence tells what an error says of whether the API still knows a session.
func absence(reason error) model.Absence {
	switch {
	case errors.Is(reason, errInNoApp):
		return model.Gone
	case errors.Is(reason, model.ErrNotFound):
		return model.Missed
	}
	return model.Present
}

// read hands all participants of a session to stage. A pass over an ended
// session that does not add up is made once more: rows may have shifted between
// two pages.
func (w sessionWork) read(ctx context.Context, session *model.Session, stage func(model.ParticipantPage) error) (model.Reading, error) {
	began := w.clocks.earliest(w.now())
	number := 0
	pass := func() (model.Pass, error) {
		number++
		return w.source.Participants(ctx, session.AppID, session.ID, func(page model.ParticipantPage) error {
			page.Pass = number
			return stage(page)
		})
	}
	last, err := pass()
	if isOfNobody(session, err) {
		last, err = model.Pass{Announced: -1}, nil
	}
	if err == nil && doubt(session, last) != "" && session.Status == model.StatusEnded {
		last, err = pass()
	}
	if err != nil {
		return model.Reading{}, err
	}
	return w.verdict(session, last, number, began), nil
}

// isOfNobody reports whether the participants of a session were not found because there are
// none: some lists of the vendor answer 404 where others are empty.
func isOfNobody(session *model.Session, err error) bool {
	inside := session.MaxConcurrent
	return errors.Is(err, model.ErrNotFound) && inside.Valid && inside.Value == 0 && session.LiveParticipants.Value <= 0 && session.MinutesConsumed.Value <= 0
}

// verdict decides whether a session is complete, and whether it must be looked
// at again.
func (w sessionWork) verdict(session *model.Session, pass model.Pass, number int, began time.Time) model.Reading {
	r := model.Reading{Pass: pass, LastPass: number, Overrides: len(w.plan.Sessions) > 0, Recount: len(w.plan.Sessions) > 0}
	problem := doubt(session, pass)
	r.FullPass = problem == ""
	switch session.Status {
	case model.StatusEnded:
		r.Complete = r.FullPass
		r.Settled = r.Complete && !began.Before(session.LastChange().Add(w.cfg.Settle))
		r.Problem = problem
	case model.StatusLive: // not expected to add up yet
	default:
		r.Problem = fmt.Sprintf("the session's status is %q, neither LIVE nor ENDED", session.Status)
	}
	return r
}

// doubt says why a pass over a session cannot be called full. Where the API
// announces no count, or none at all, the most that were inside at once is the
// least there must be.
func doubt(session *model.Session, pass model.Pass) string {
	if d := pass.Doubt(); d != "" {
		return d
	}
	least := session.MaxConcurrent
	if (pass.Announced < 0 || pass.Distinct == 0) && least.Valid && float64(pass.Distinct) < least.Value {
		return fmt.Sprintf("%.0f participants were inside at once, but the API lists %d", least.Value, pass.Distinct)
	}
	return ""
}

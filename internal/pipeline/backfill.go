package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// A chunk is how much of a backfill's range lies between two checkpoints. The
// first is a week; where there are few sessions the next is twice as long, so
// that an empty year costs a handful of requests, and where there are many half.
const (
	firstChunk    = 7 * 24 * time.Hour
	shortestChunk = 24 * time.Hour
	longestChunk  = 448 * 24 * time.Hour
	fewSessions   = 50
	manySessions  = 1000
)

// listMargin widens a chunk's list on both sides: the API may compare another
// time of the session than its creation, by which the range is meant, and its
// start may lie before its creation. A meeting lasts at most a day, so no time
// of it lies further off.
const listMargin = 24 * time.Hour

// backfillWork is a backfill under way.
type backfillWork struct{ *work }

// backfill goes through the range app by app. Its checkpoints are forgotten only
// when all apps are done, so that a later try skips those that were.
func (w backfillWork) backfill(ctx context.Context, apps []string) error {
	sound := true
	err := eachApp(ctx, apps, w.failing, w.progress, func(appID string) error {
		ok, err := w.backfillApp(ctx, appID)
		sound = sound && ok
		return err
	})
	if err != nil || !sound {
		return err
	}
	return w.stores.Ledger.EndBackfill(ctx, w.run)
}

// backfillApp goes through the range chunk by chunk, from the checkpoint that an
// earlier backfill of the same range left. The checkpoint is saved once all
// sessions of a chunk were dealt with: a crash before costs reading them again.
// It reports whether every list added up and every session was read; what was
// not holds the checkpoint, so that the same command asks for it again.
func (w backfillWork) backfillApp(ctx context.Context, appID string) (sound bool, err error) {
	start, err := w.start(ctx, appID)
	if err != nil {
		return false, err
	}
	w.progress.reached(w.share(start))
	sound = true
	err = w.chunks(ctx, appID, start, func(d *discovery) error {
		before := w.unreadSessions()
		if err := w.discover(ctx, d); err != nil {
			return err
		}
		w.progress.chunk(ctx, w.share(d.to))
		if sound = sound && d.problem == "" && w.unreadSessions() == before; !sound {
			return nil
		}
		return w.stores.Ledger.SaveCheckpoint(ctx, w.run, appID, earlier(d.to, w.pastSince()))
	})
	return sound, err
}

// start gives where the backfill of an app begins: the range's start, or the
// checkpoint of an earlier try.
func (w backfillWork) start(ctx context.Context, appID string) (time.Time, error) {
	checkpoint, err := w.stores.Ledger.Checkpoint(ctx, w.run, appID)
	if err != nil || checkpoint.IsZero() {
		return w.plan.From, err
	}
	if checkpoint.After(w.pastSince()) { // what began until then was not there to be listed
		w.logger.WarnContext(ctx, "the checkpoint lies in the future; the range is begun anew",
			"app_id", appID, "checkpoint", checkpoint)
		return w.plan.From, nil
	}
	w.logger.InfoContext(ctx, "backfill goes on from its checkpoint", "app_id", appID, "checkpoint", checkpoint)
	return checkpoint, nil
}

// end gives the end of the range. No list reaches behind the run's start, so that
// sessions that begin meanwhile do not shift its pages.
func (w *work) end() time.Time {
	if end := w.listEnd(); w.plan.To.IsZero() || w.plan.To.After(end) {
		return end
	}
	return w.plan.To
}

// share gives how much of an app's range lies before a time, 0 to 1.
func (w backfillWork) share(at time.Time) float64 {
	return share(w.plan.From, w.end(), at)
}

// share gives how much of a range lies before a time, 0 to 1.
func share(from, to, at time.Time) float64 {
	all := to.Sub(from)
	if all <= 0 {
		return 1
	}
	return min(max(float64(at.Sub(from))/float64(all), 0), 1)
}

// chunks visits what is left of the range, chunk by chunk.
func (w backfillWork) chunks(ctx context.Context, appID string, start time.Time, visit func(*discovery) error) error {
	size := firstChunk
	for from := start; from.Before(w.end()); {
		d := w.chunk(appID, from, size)
		if err := visit(d); err != nil {
			return err
		}
		size, from = nextChunk(size, d.count), d.to
	}
	return ctx.Err()
}

// chunk gives the list of the chunk of that size that begins at a time.
func (w backfillWork) chunk(appID string, from time.Time, size time.Duration) *discovery {
	to := earlier(from.Add(size), w.end())
	return &discovery{
		work: w.work, appID: appID, from: from, to: to,
		listFrom: from.Add(-listMargin), listTo: earlier(to.Add(listMargin), w.listEnd()),
	}
}

// nextChunk gives the size of the chunk after one in which so many sessions lay.
func nextChunk(size time.Duration, sessions int) time.Duration {
	switch {
	case sessions < fewSessions:
		return min(2*size, longestChunk)
	case sessions > manySessions:
		return max(size/2, shortestChunk)
	}
	return size
}

// namedSessions reads the sessions that a backfill names, in whichever app they
// are.
func (w backfillWork) namedSessions(ctx context.Context, apps []string) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(w.cfg.Concurrency)
	if w.plan.OfMany {
		var err error
		if w.plan.Sessions, err = leaveOthers(ctx, w.stores.Inventory, w.cfg.AccountID, w.plan.Sessions); err != nil {
			return err
		}
	}
	w.progress.sessions(len(w.plan.Sessions))
	states, err := w.stores.Ledger.States(ctx, w.plan.Sessions)
	if err != nil {
		return err
	}
	for _, id := range w.plan.Sessions {
		if _, handled := w.handled[id]; handled {
			continue
		}
		w.handled[id] = ""
		group.Go(func() error {
			defer w.progress.named()
			return w.findSession(groupCtx, apps, id, states[id])
		})
	}
	if err := group.Wait(); err != nil || len(w.missing) == 0 {
		return errors.Join(err, w.unanswered)
	}
	return errors.Join(w.unanswered, fmt.Errorf("%s: %w in %s; check the ids, REALTIMEKIT_APP_IDS and CLOUDFLARE_ACCOUNT_ID",
		listed(w.missing), model.ErrNotFound, anyOf(apps)))
}

// errInNoApp says that every app was asked for a session and none knows it.
var errInNoApp = fmt.Errorf("the API does not know the session any more: %w", model.ErrNotFound)

// findSession reads a session in the app that has it. An app that gives no answer
// keeps none after it from being asked. state is zero where the warehouse does not
// know the session.
func (w backfillWork) findSession(ctx context.Context, apps []string, id model.UUID, state model.SessionState) error {
	reason := errInNoApp
	for _, appID := range apps {
		session, err := w.source.Session(ctx, appID, id)
		switch {
		case err == nil && w.isTooOld(&session):
			return nil
		case err == nil:
			return sessionWork(w).session(ctx, session, state.Failed)
		case errors.Is(err, model.ErrNotFound):
		case endsRun(ctx, err) || errors.As(err, new(*model.RejectedError)): // it is this app's
			return sessionWork(w).lost(ctx, appID, id, state.Failed, err)
		default:
			reason = fmt.Errorf("app %s: %w", appID, err)
		}
	}
	return w.notFound(ctx, apps, id, state, reason)
}

// notFound notes why no app gave a session: with the session where the warehouse
// has it, else to be told once the others are read.
func (w backfillWork) notFound(ctx context.Context, apps []string, id model.UUID, state model.SessionState, reason error) error {
	if slices.Contains(apps, state.AppID) {
		return sessionWork(w).lost(ctx, state.AppID, id, state.Failed, reason)
	}
	denied := w.sessionRefusals.judge(reason, false)
	another := ofAnother(ctx, w.stores.Inventory, w.cfg.AccountID, id)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case another != nil:
		w.unanswered = errors.Join(w.unanswered, another)
	case errors.Is(reason, errInNoApp):
		w.missing = append(w.missing, id)
	default:
		w.unanswered = errors.Join(w.unanswered, appError{fmt.Errorf("session %s: %w", id, reason)})
	}
	return denied
}

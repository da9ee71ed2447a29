package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// work is one run under way.
type work struct {
	*Pipeline
	clocks *clocks
	run    model.Run
	plan   Plan
	logger *slog.Logger

	dryRun bool // write nothing
	// hand is given the sessions that a list shows to be due, in place of reading
	// them; nil where the run reads them itself.
	hand func(ctx context.Context, due []model.DueSession) error

	// handled holds the sessions that this run has dealt with or decided to
	// leave, so that none is read twice, with the app of each. Only discovery
	// touches it.
	handled map[model.UUID]string
	listed  int
	waiting int // sessions that wait for another try

	horizon time.Time // ended sessions before it are left out, zero for none

	progress *progress // nil for none

	sessionRefusals *refusals
	appsDoubt       string // why the list of apps cannot be trusted, empty for nothing

	sentBefore   int64 // requests of the client before this run
	waitedBefore time.Duration

	changed atomic.Int64 // sessions of which rows were stored

	mu      sync.Mutex
	leftOut bool // something was set aside, incomplete or failed
	unread  int  // sessions that failed or stayed incomplete
	missing []model.UUID
	// unanswered tells which sessions that were asked for by name no app gave,
	// though one of those that did not answer may have them.
	unanswered error
	tooOld     int // sessions before the horizon

	// unheard is the time since which no webhook of the app came; zero where that says
	// nothing, since none ever came or one was missed.
	unheard time.Time

	vanished model.Lost     // rows that were found to be missing
	extras   OptionalResult // only the optional reads touch it
}

// now is the present by the clock that decides.
func (w *work) now() time.Time { return w.clocks.now() }

// listEnd is where lists of sessions end: at the run's start, so that sessions that
// begin meanwhile do not shift their pages.
func (w *work) listEnd() time.Time { return w.clocks.latest(w.run.StartedAt) }

// pastSince is until when sessions have certainly begun before the run.
func (w *work) pastSince() time.Time { return w.clocks.earliest(w.run.StartedAt) }

func (w *work) leaveOut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leftOut = true
}

// leaveUnread notes a session that the same command must read again.
func (w *work) leaveUnread() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leftOut = true
	w.unread++
}

// isBefore reports whether a session ended before a horizon; zero for none.
func isBefore(s *model.Session, horizon time.Time) bool {
	return !horizon.IsZero() && s.Status == model.StatusEnded && s.LastChange().Before(horizon)
}

// isTooOld reports whether a session ended before the retention horizon, and
// counts it.
func (w *work) isTooOld(s *model.Session) bool {
	if !isBefore(s, w.horizon) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tooOld++
	return true
}

// readHorizon asks how far back the account's history is wanted.
func (w *work) readHorizon(ctx context.Context) (err error) {
	if !w.plan.BeyondRetention {
		w.horizon, err = w.stores.Retention.Horizon(ctx, w.run.AccountID)
	}
	return err
}

func (w *work) unreadSessions() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unread
}

// endsRun reports whether an error concerns the run as a whole. A refusal of one
// session or one app does not.
func endsRun(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, model.ErrDenied) || errors.Is(err, model.ErrBudgetSpent) ||
		errors.Is(err, model.ErrStore) || errors.Is(err, model.ErrUsage)
}

// sync goes through the apps one after the other.
func (w *work) sync(ctx context.Context) error {
	if err := w.readHorizon(ctx); err != nil {
		return err
	}
	if err := w.foldIDs(ctx); err != nil {
		return err
	}
	apps, err := w.apps(ctx)
	if err != nil {
		return err
	}
	if len(w.plan.Sessions) > 0 {
		return backfillWork{w}.namedSessions(ctx, apps)
	}
	if err := w.checkRows(ctx); err != nil {
		return err
	}
	if w.plan.Kind == model.KindBackfill {
		return backfillWork{w}.backfill(ctx, apps)
	}
	var stored []string // apps whose sessions are
	err = eachApp(ctx, apps, w.failing, w.progress, func(appID string) error {
		err := w.app(ctx, appID)
		if err == nil {
			stored = append(stored, appID)
		}
		return err
	})
	if endsApps(ctx, err) {
		return err
	}
	return errors.Join(err, optionalWork{w}.optional(ctx, stored))
}

// foldIDs mends what an earlier version made of an account, an app or a meeting whose id
// was configured, or listed, in other letters: a second one.
func (w *work) foldIDs(ctx context.Context) error {
	folded, mayNot, err := w.stores.Inventory.FoldIDs(ctx)
	if err == nil {
		for _, f := range folded {
			w.logger.InfoContext(ctx, "stored twice, in other letters: what was stored under the one id is now under the other",
				"kind", f.Kind, "id", f.ID(), "was", f.Was)
		}
	}
	if mayNot {
		w.logger.WarnContext(ctx, "an account, app or meeting is stored twice, in other letters, and this role may not mend that", "fix", "run rollcall migrate up once, with the role that owns the tables")
	}
	return err
}

// checkRows queues what rows are missing of that were stored, before anything is
// read, so that this run reads it. A run looks at some sessions, and is partial where
// it finds something; a full backfill looks at all, to mend it, and another at none.
func (w *work) checkRows(ctx context.Context) (err error) {
	if w.plan.Kind == model.KindBackfill && !w.plan.Full {
		return nil
	}
	w.vanished, err = w.stores.Inventory.CheckRows(ctx, w.run, w.plan.Full)
	if l := w.vanished; l.Any() {
		if w.plan.Kind == model.KindRun {
			w.leaveOut()
		}
		w.logger.WarnContext(ctx, "rows that were stored are missing; what they belong to is read or computed again",
			"sessions", l.Sessions, "sessions_without_usage", l.Usage, "meetings", l.Meetings,
			"sessions_without_peer_reports", l.PeerReports, "apps_without_daily_counts", l.DailyCounts, "example", l.Example)
	}
	return err
}

// twice reads a list again if it does not add up the first time.
func twice(list func() (model.Pass, error)) (model.Pass, error) {
	pass, err := list()
	if err == nil && !pass.Sound() {
		pass, err = list()
	}
	return pass, err
}

// setAside keeps records of which no session is in hand, and warns of each.
func (w *work) setAside(ctx context.Context, rejected []model.Rejected) error {
	if len(rejected) == 0 {
		return nil
	}
	// The log tells of those only that were kept: the others are of people who
	// were erased.
	kept, err := w.stores.Rejects.SetAside(ctx, w.run, rejected)
	for i := range kept {
		w.leaveOut()
		w.logger.WarnContext(ctx, "record set aside", append(whereOf(&kept[i]), "entity", kept[i].Entity,
			"record_key", kept[i].Key, "reason", kept[i].Reason)...)
	}
	return err
}

// whereOf gives the app and the session of a record for the log, as far as they are known.
func whereOf(r *model.Rejected) (attributes []any) {
	if r.AppID != "" {
		attributes = append(attributes, "app_id", r.AppID)
	}
	if !r.SessionID.IsZero() {
		attributes = append(attributes, "session_id", r.SessionID.String())
	}
	return attributes
}

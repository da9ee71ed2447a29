package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

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

	// unheard is since when no webhook told of the app; zero where that says nothing.
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

// apps gives the ids of the apps to read, and stores what was listed of them.
func (w *work) apps(ctx context.Context) ([]string, error) {
	if len(w.cfg.AppIDs) > 0 {
		return w.cfg.AppIDs, nil
	}
	list, err := listApps(ctx, w.source, func(page model.AppPage) error {
		if w.dryRun {
			return nil
		}
		if err := w.setAside(ctx, page.Rejected); err != nil {
			return err
		}
		return w.stores.Apps.SaveApps(ctx, w.run, page.Apps)
	}, w.unlistedApps, w.logger)
	if w.appsDoubt = list.doubt; list.doubt != "" {
		w.leaveOut()
		w.logger.WarnContext(ctx, "the list of apps does not add up", "problem", list.doubt)
	}
	if err != nil || w.dryRun {
		return list.ids, err
	}
	return list.ids, w.tellUnlisted(ctx, list.unlisted)
}

// tellUnlisted warns once of an app that the API does not list any more: it may have
// been deleted, and nobody wants to be told so by each run.
func (w *work) tellUnlisted(ctx context.Context, unlisted []model.HeldApp) error {
	var first []string
	for i := range unlisted {
		app, level := &unlisted[i], slog.LevelInfo
		if !app.Known {
			first, level = append(first, app.ID), slog.LevelWarn
		}
		w.logger.Log(ctx, level, "the list of apps lacks an app of the warehouse; its sessions are not read",
			"app_id", app.ID, "app", app.Name, "sessions_stored", app.Sessions)
	}
	if len(first) == 0 {
		return nil
	}
	return w.stores.Inventory.NoteUnlisted(ctx, w.run, first)
}

// failing gives the apps whose sessions the last run could not list.
func (w *work) failing(ctx context.Context) (map[string]bool, error) {
	return w.stores.Ledger.FailingApps(ctx, w.run.AccountID)
}

func (w *work) unlistedApps(ctx context.Context, listed []string) ([]model.HeldApp, error) {
	return w.stores.Inventory.UnlistedApps(ctx, w.run.AccountID, listed)
}

// twice reads a list again if it does not add up the first time.
func twice(list func() (model.Pass, error)) (model.Pass, error) {
	pass, err := list()
	if err == nil && !pass.Sound() {
		pass, err = list()
	}
	return pass, err
}

// app reads the sessions of an app from the lookback before its watermark on.
func (w *work) app(ctx context.Context, appID string) error {
	d, mark, err := w.newSince(ctx, appID)
	if err != nil {
		return err
	}
	if err := w.discoverAll(ctx, d); err != nil {
		return errors.Join(err, w.noteStop(ctx, appID, mark, err))
	}
	// The watermark moves only now that all listed sessions were dealt with: a
	// crash before leaves it, and the next run lists the same sessions again.
	return w.stores.Ledger.SaveDiscovery(ctx, w.run, appID, d.watermark(), d.problem)
}

// newSince makes ready to list what is new in an app since its watermark.
func (w *work) newSince(ctx context.Context, appID string) (d *discovery, mark time.Time, err error) {
	if mark, err = w.stores.Ledger.Watermark(ctx, appID); err != nil {
		return nil, mark, err
	}
	d = &discovery{work: w, appID: appID, listFrom: w.listFrom(ctx, appID, mark), followUps: true}
	if since := w.plan.Since; mark.IsZero() && !since.IsZero() {
		d.from, d.listFrom = since, since.Add(-listMargin)
		w.logger.InfoContext(ctx, "the app is read for the first time; what was created before is left out", "app_id", appID, "since", since)
	}
	return d, mark, nil
}

// discoverAll lists once more where the first answer tells that the API's clock is
// ahead of the one by which the list was to end: sessions may lie behind it.
func (w *work) discoverAll(ctx context.Context, d *discovery) error {
	for d.listTo.Before(w.listEnd()) {
		d.listTo = w.listEnd()
		if err := w.discover(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// listFrom gives where the list of an app begins. A watermark that no clock has come
// to was noted by one that was ahead: what began since the true one is not known, so
// that the list has no start.
func (w *work) listFrom(ctx context.Context, appID string, mark time.Time) time.Time {
	switch {
	case mark.IsZero():
		return mark
	case mark.After(w.listEnd().Add(clockTolerance)):
		w.logger.WarnContext(ctx, "the watermark lies in the future; all sessions are listed",
			"app_id", appID, "watermark", mark)
		return time.Time{}
	case mark.After(w.pastSince()):
		mark = w.pastSince()
	}
	return mark.Add(-w.cfg.Lookback)
}

// discover lists sessions and reads those that need it, several at once. It
// returns when all of them were dealt with.
func (w *work) discover(ctx context.Context, d *discovery) error {
	d.group, d.ctx = errgroup.WithContext(ctx)
	d.group.SetLimit(w.cfg.Concurrency)
	err := d.run(d.ctx) //nolint:contextcheck // the group's context is derived from ctx
	// A session's failure ends the group; that is the reason to tell, not the
	// cancelled list.
	if groupErr := d.group.Wait(); groupErr != nil {
		err = groupErr
	}
	if errors.Is(err, model.ErrNotFound) && len(w.cfg.AppIDs) == 0 {
		if empty, lookErr := isWithoutSessions(ctx, w.source, w.stores.Inventory, w.logger, d.appID); lookErr != nil || empty {
			return lookErr
		}
		// It vanished after the apps were listed: that is its own affair.
		d.problem, err = err.Error(), nil
	}
	if err != nil {
		return fmt.Errorf("app %s: %w", d.appID, err)
	}
	if d.problem != "" {
		w.leaveOut()
		w.logger.WarnContext(ctx, "the list of sessions does not add up", "app_id", d.appID, "problem", d.problem)
	}
	return nil
}

// noteStop leaves the reason of an early end with the app, unless it is the
// database that failed or someone who stopped the run. An app that the API does
// not know and of which there is no session is a mistyped id: entered in the
// books, it would be behind for ever.
func (w *work) noteStop(ctx context.Context, appID string, mark time.Time, reason error) error {
	if errors.Is(reason, model.ErrStore) || errors.Is(reason, context.Canceled) || errors.Is(reason, model.ErrNotFound) && mark.IsZero() {
		return nil
	}
	return w.stores.Ledger.SaveDiscovery(ctx, w.run, appID, time.Time{}, reason.Error())
}

func (w *work) setAside(ctx context.Context, rejected []model.Rejected) error {
	if len(rejected) == 0 {
		return nil
	}
	// The log tells of those only that were kept: the others are of people who
	// were erased.
	kept, err := w.stores.Rejects.SetAside(ctx, w.run, rejected)
	for i := range kept {
		w.leaveOut()
		w.logger.WarnContext(ctx, "record set aside", "entity", kept[i].Entity,
			"record_key", kept[i].Key, "reason", kept[i].Reason)
	}
	return err
}

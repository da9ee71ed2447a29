package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// verifySource is what a verification asks of the API. Errors are as those of
// source.
type verifySource interface {
	Apps(ctx context.Context, each func(model.AppPage) error) (model.Pass, error)
	Sessions(ctx context.Context, appID string, from, to time.Time, each func(model.SessionPage) error) (model.Pass, error)
	Session(ctx context.Context, appID string, id model.UUID) (model.Session, error)
	// CountParticipants gives the announced number in one request, -1 for none.
	CountParticipants(ctx context.Context, appID string, id model.UUID) (int, error)
	Participants(ctx context.Context, appID string, id model.UUID, each func(model.ParticipantPage) error) (model.Pass, error)
	Requests() (sent int64, waited time.Duration)
	ClockSkew() (ahead time.Duration, ok bool)
}

// VerifyPlan says which sessions are compared. The zero value means all of them,
// by their records and the number of their participants.
type VerifyPlan struct {
	From, To time.Time    // sessions created in [From, To); zero means open
	Sessions []model.UUID // these sessions and no others
	OfMany   bool         // the command asks several accounts for Sessions, each for its own
	ByIDs    bool         // compare all participants and events, by their ids
}

// VerifyResult tells what a verification found.
type VerifyResult struct {
	Run     model.Run
	Status  string // as in the ledger
	Summary model.RunSummary
	Took    time.Duration

	Resumed     bool      // an earlier one of the same range was taken up again
	Compared    int       // sessions, those before the checkpoint included
	Live        int       // of them: under way, only looked for
	Newer       int       // of them: new or changed since the last run, which the next one reads
	Gone        int       // of them: known to be gone from the API, and kept
	TooOld      int       // of them: ended before the retention horizon, and not wanted
	Horizon     time.Time // of the retention; zero where there is none
	Differences []Difference
	Clocks      string // which clock is wrong; empty where they agree
}

// verification is one verification under way.
type verification struct {
	cfg    Config
	plan   VerifyPlan
	source verifySource
	stores Stores
	logger *slog.Logger
	clocks *clocks
	run    model.Run

	progress *progress
	result   VerifyResult
	sound    bool // every list added up

	sessionRefusals refusals
}

// Verify compares the warehouse with the API, session by session, under a lock
// and an entry in the ledger of its own. It returns a result whenever the ledger
// has one; the error says why it did not come to its end. One that did and found
// differences has status model.RunPartial and no error.
func Verify(ctx context.Context, cfg Config, plan VerifyPlan, source verifySource, stores Stores, logger *slog.Logger) (VerifyResult, error) {
	held, release, err := stores.Ledger.Acquire(ctx, cfg.AccountID, model.KindVerify)
	if err != nil {
		return VerifyResult{}, err
	}
	defer release()
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	v := &verification{cfg: cfg, plan: plan, source: source, stores: stores, sound: true, sessionRefusals: refusals{things: "sessions"}}
	v.clocks = newClocks(cfg.Now, stores.Clock.ClockSkew(), source.ClockSkew)
	v.run = model.Run{
		AccountID: cfg.AccountID, Kind: model.KindVerify, StartedAt: v.clocks.now(), From: plan.From, To: plan.To, Version: cfg.Version,
	}
	if v.run.ID, err = stores.Ledger.StartRun(held, v.run); err != nil {
		return VerifyResult{}, err
	}
	ctx, held = model.WithRun(ctx, v.run.ID), model.WithRun(held, v.run.ID)
	v.logger = logger.With(slog.Int64("run_id", v.run.ID))
	v.progress = &progress{kind: model.KindVerify, tell: cfg.Progress, logger: v.logger, now: v.clocks.now, began: v.run.StartedAt}
	v.logger.InfoContext(ctx, "run started", "kind", model.KindVerify, "account_id", cfg.AccountID)
	err = whyEnded(held, v.all(held))
	return v.finish(ctx, err)
}

// finish closes the ledger.
func (v *verification) finish(ctx context.Context, failure error) (VerifyResult, error) {
	r := &v.result
	r.Run, r.Took = v.run, v.clocks.now().Sub(v.run.StartedAt)
	if r.Clocks = v.clocks.problem(); r.Clocks != "" {
		v.logger.WarnContext(ctx, "clocks differ", "problem", r.Clocks)
	}
	r.Summary = model.RunSummary{Status: model.RunSucceeded, SessionsListed: r.Compared, Error: errorText(failure)}
	switch {
	case failure != nil && !Resumable(failure):
		r.Summary.Status = model.RunFailed
	case failure != nil, len(r.Differences) > 0, r.Clocks != "":
		r.Summary.Status = model.RunPartial
	}
	r.Status = r.Summary.Status
	r.Summary.Requests, r.Summary.BudgetWait = v.source.Requests()
	if _, err := v.stores.Ledger.FinishRun(ctx, v.run, r.Summary); err != nil {
		if errors.Is(failure, model.ErrStore) {
			return VerifyResult{}, failure // the same again says nothing new
		}
		return VerifyResult{}, errors.Join(failure, err)
	}
	v.logger.InfoContext(ctx, "run finished", "kind", model.KindVerify,
		"status", r.Status, "seconds", r.Took.Seconds(),
		"requests", r.Summary.Requests, "budget_wait_seconds", r.Summary.BudgetWait.Seconds(),
		"sessions_compared", r.Compared, "sessions_differing", len(r.Differences), "sessions_live", r.Live,
		"sessions_newer", r.Newer, "sessions_gone", r.Gone, "sessions_too_old", r.TooOld)
	return *r, failure
}

// all compares app by app. The checkpoints are forgotten only when all apps are
// done, so that a later try skips those that were.
func (v *verification) all(ctx context.Context) error {
	var err error
	if v.result.Horizon, err = v.stores.Retention.Horizon(ctx, v.run.AccountID); err != nil {
		return err
	}
	apps, err := v.apps(ctx)
	if err != nil {
		return err
	}
	if len(v.plan.Sessions) > 0 {
		return v.named(ctx, apps)
	}
	err = eachApp(ctx, apps, v.failing, v.progress, func(appID string) error { return v.app(ctx, appID) })
	if err != nil || !v.sound {
		return err
	}
	return v.stores.Verifier.EndVerification(ctx, v.run, v.cfg.AppIDs, v.span())
}

func (v *verification) span() model.VerifyRange {
	return model.VerifyRange{From: v.plan.From, To: v.plan.To, ByIDs: v.plan.ByIDs}
}

// apps gives the apps to compare. Unlike a run it stores nothing about them.
func (v *verification) apps(ctx context.Context) ([]string, error) {
	if len(v.cfg.AppIDs) > 0 {
		return v.cfg.AppIDs, nil
	}
	list, err := listApps(ctx, v.source, func(model.AppPage) error { return nil }, v.unlistedApps, v.logger)
	if list.doubt != "" {
		v.unsound(ctx, Difference{Findings: []Finding{{FoundList, "the list of apps does not add up: " + list.doubt}}})
	}
	for _, app := range list.unlisted {
		v.differ(ctx, Difference{AppID: app.ID, Findings: []Finding{{FoundAppMissing, fmt.Sprintf(
			"the API lists no such app; the warehouse keeps %s of it (%q), which could not be compared", plural(app.Sessions, "session"), app.Name)}}})
	}
	return list.ids, err
}

func (v *verification) failing(ctx context.Context) (map[string]bool, error) {
	return v.stores.Ledger.FailingApps(ctx, v.run.AccountID)
}

// unlistedApps gives the apps that the list lacks. Sessions that are asked for by
// name are found without it.
func (v *verification) unlistedApps(ctx context.Context, listed []string) ([]model.HeldApp, error) {
	if len(v.plan.Sessions) > 0 {
		return nil, nil
	}
	return v.stores.Inventory.UnlistedApps(ctx, v.run.AccountID, listed)
}

// unsound notes a list that cannot be trusted: what it shows is compared, and the
// range is asked for again.
func (v *verification) unsound(ctx context.Context, d Difference) {
	v.sound = false
	v.differ(ctx, d)
}

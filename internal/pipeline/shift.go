package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Shift is what one worker of a fleet does for a while: it reads the sessions and lists
// the apps that it is told to, one entry of the ledger for all. Others do the same
// beside it; that no two read one session at once is whoever tells it's affair. Safe
// for concurrent use.
type Shift struct {
	p      *Pipeline
	run    model.Run
	clocks *clocks
	logger *slog.Logger

	sentBefore   int64
	waitedBefore time.Duration
}

// NewShift gives a shift whose run is in the ledger.
func (p *Pipeline) NewShift(run model.Run) *Shift {
	s := &Shift{
		p: p, run: run, clocks: newClocks(p.now, p.stores.Clock.ClockSkew(), p.source.ClockSkew),
		logger: p.logger.With(slog.Int64("run_id", run.ID)),
	}
	s.sentBefore, s.waitedBefore = p.source.Requests()
	return s
}

// Look tells what was found of a session that was asked for.
type Look struct {
	Session model.Session // as the API gives it; zero where it gave none
	State   model.SessionState
	Known   bool // there is a State
	TooOld  bool // it ended before the retention horizon, and was left alone
}

// Session asks for a session by its id and reads its participants, unless all of it is
// stored already. A failure that concerns this session alone is noted, and is no
// error: the look's state says Failed.
func (s *Shift) Session(ctx context.Context, appID string, id model.UUID) (Look, error) {
	w := s.work()
	if err := w.readHorizon(ctx); err != nil {
		return Look{}, err
	}
	before, err := w.stores.Ledger.States(ctx, []model.UUID{id})
	if err != nil {
		return Look{}, err
	}
	state, known := before[id]
	session, err := w.source.Session(ctx, appID, id)
	switch {
	case err != nil:
		err = sessionWork{w}.lost(ctx, appID, id, state.Failed, err)
	case w.isTooOld(&session):
		return Look{Session: session, State: state, Known: known, TooOld: true}, nil
	case !known || mustRead(state, &session):
		err = sessionWork{w}.session(ctx, session, state.Failed)
	}
	if err != nil {
		return Look{}, err
	}
	after, err := w.stores.Ledger.States(ctx, []model.UUID{id})
	state, known = after[id]
	return Look{Session: session, State: state, Known: known}, err
}

// Apps stores the apps of the account, or gives those that were configured.
func (s *Shift) Apps(ctx context.Context) ([]string, error) { return s.work().apps(ctx) }

// App lists the sessions of an app as a run does, and hands on which of them must be
// read. Its watermark moves once hand has returned for all of them.
func (s *Shift) App(ctx context.Context, appID string, hand func(ctx context.Context, due []model.DueSession) error) (listed int, err error) {
	w := s.work()
	w.hand = hand
	if err := w.readHorizon(ctx); err != nil {
		return 0, err
	}
	err = w.app(ctx, appID)
	return w.listed, err
}

// Finish closes the shift's run in the ledger.
func (s *Shift) Finish(ctx context.Context, listed int, failure error) error {
	sent, waited := s.p.source.Requests()
	summary := model.RunSummary{
		Status: model.RunSucceeded, SessionsListed: listed, Requests: sent - s.sentBefore, BudgetWait: waited - s.waitedBefore, Error: errorText(failure),
	}
	if failure != nil {
		summary.Status = model.RunFailed
	}
	_, err := s.p.stores.Ledger.FinishRun(ctx, s.run, summary)
	return err
}

// work gives what one job of the shift works with.
func (s *Shift) work() *work {
	return &work{
		Pipeline: s.p, clocks: s.clocks, run: s.run, plan: Plan{Kind: model.KindRun}, logger: s.logger,
		handled: make(map[model.UUID]string), sessionRow: row{things: "sessions"},
	}
}

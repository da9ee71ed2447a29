package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Shift is what one worker of a fleet does for a while: it reads the sessions and lists
// the apps that it is told to, with one entry of the ledger for all. Others do the same
// beside it: its caller sees to it that no two read one session at once. Safe for
// concurrent use.
type Shift struct {
	p      *Pipeline
	run    model.Run
	since  time.Time
	clocks *clocks
	logger *slog.Logger

	sessionRefusals refusals    // whichever job comes upon the session
	leftOut         atomic.Bool // something was set aside, incomplete or failed
	otherRows       atomic.Int64

	sentBefore   int64
	waitedBefore time.Duration
}

// NewShift gives a shift whose run is in the ledger; since is as in [Plan].
func (p *Pipeline) NewShift(run model.Run, since time.Time) *Shift {
	s := &Shift{
		p: p, run: run, since: since, sessionRefusals: refusals{things: "sessions"}, clocks: newClocks(p.now, p.stores.Clock.ClockSkew(), p.source.ClockSkew),
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
	NotYet  bool // the API does not know it, and it was never read
	// At is when, by the clock that decides whether a session has settled.
	At time.Time
}

// Session asks for a session by its id and reads its participants, unless all of it is
// stored already. A failure that concerns this session alone is noted, and is no
// error: the look's state says Failed.
func (s *Shift) Session(ctx context.Context, appID string, id model.UUID) (Look, error) {
	w := s.work()
	defer s.keep(w)
	if err := w.readHorizon(ctx); err != nil {
		return Look{}, err
	}
	before, err := w.stores.Ledger.States(ctx, []model.UUID{id})
	if err != nil {
		return Look{}, err
	}
	state, known := before[id]
	session, err := w.source.Session(ctx, appID, id)
	notYet := errors.Is(err, model.ErrNotFound) && state.Fingerprint == nil
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
	return Look{Session: session, State: state, Known: known, NotYet: notYet, At: w.clocks.earliest(w.now())}, err
}

// AppList is what is known of the apps of an account.
type AppList struct {
	IDs   []string
	Doubt string // why the list cannot be trusted, empty for nothing
	Whole bool   // no app is missing: there is no doubt, and no record was set aside
}

// Apps stores the apps of the account, or gives those that were configured.
func (s *Shift) Apps(ctx context.Context) (AppList, error) {
	w := s.work()
	defer s.keep(w)
	ids, err := w.apps(ctx)
	return AppList{IDs: ids, Doubt: w.appsDoubt, Whole: !w.leftOut}, err
}

// App lists the sessions of an app as a run does, and hands on which of them must be
// read. Its watermark moves once hand has returned for all of them.
func (s *Shift) App(ctx context.Context, appID string, hand func(ctx context.Context, due []model.DueSession) error) (listed int, err error) {
	w := s.work()
	defer s.keep(w)
	w.hand = hand
	if err := w.readHorizon(ctx); err != nil {
		return 0, err
	}
	if err = w.app(ctx, appID); err != nil && !endsRun(ctx, err) {
		w.leaveOut()
	}
	return w.listed, err
}

// Optional makes the optional reads of an app as a run does once its sessions are stored.
// unheard is the time since which no webhook of the app came, though they arrive: what was
// asked for well after it is not asked for again. Zero where that says nothing.
func (s *Shift) Optional(ctx context.Context, appID string, o Optional, unheard time.Time) (OptionalResult, error) {
	w := s.work()
	defer s.keep(w)
	w.plan.Optional, w.unheard = o, unheard
	if err := w.readHorizon(ctx); err != nil {
		return OptionalResult{}, err
	}
	err := optionalWork{w}.optional(ctx, []string{appID})
	return w.extras, err
}

// Chunk lists the next chunk of a backfill in an app, and hands on which of its sessions
// must be read. It gives how the backfill stands once hand has returned for all of them, with
// the checkpoint that is to be saved then; isOver tells that the range has come to its end.
func (s *Shift) Chunk(ctx context.Context, appID string, c Chunk, hand func(ctx context.Context, due []model.DueSession) error) (next Chunk, isOver bool, err error) {
	w := backfillWork{s.work()}
	defer s.keep(w.work)
	w.plan = Plan{Kind: model.KindBackfill, From: c.From, To: c.To, Full: c.Full}
	w.run.From, w.run.To, w.run.Full = c.From, c.To, c.Full
	w.hand = hand
	if c.Full {
		w.hand = func(ctx context.Context, due []model.DueSession) error {
			return w.handAll(ctx, due, hand)
		}
	}
	if err := w.readHorizon(ctx); err != nil {
		return c, false, err
	}
	return w.queued(ctx, appID, c)
}

// keep remembers that a job left something out.
func (s *Shift) keep(w *work) {
	s.otherRows.Add(int64(w.extras.Inserted + w.extras.Updated + w.extras.Removed))
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leftOut {
		s.leftOut.Store(true)
	}
}

// Finish closes the shift's run in the ledger. It is partial where a run would be.
func (s *Shift) Finish(ctx context.Context, listed int, failure error) error {
	sent, waited := s.p.source.Requests()
	wrong := s.clocks.problem()
	if wrong != "" {
		s.logger.WarnContext(ctx, "clocks differ", "problem", wrong)
	}
	w := &work{leftOut: s.leftOut.Load() || wrong != ""}
	summary := model.RunSummary{
		Status: w.status(failure), SessionsListed: listed, Requests: sent - s.sentBefore, BudgetWait: waited - s.waitedBefore, Error: errorText(failure),
		OtherRows: int(s.otherRows.Load()),
	}
	if failure == nil {
		summary.Error = wrong
	}
	_, err := s.p.stores.Ledger.FinishRun(ctx, s.run, summary)
	return err
}

// work gives what one job of the shift works with. Its lists end when it begins, not
// when the shift did.
func (s *Shift) work() *work {
	run := s.run
	run.StartedAt = s.clocks.now()
	return &work{
		Pipeline: s.p, clocks: s.clocks, run: run, plan: Plan{Kind: model.KindRun, Since: s.since}, logger: s.logger,
		handled: make(map[model.UUID]string), sessionRefusals: &s.sessionRefusals,
	}
}

package pipeline

import (
	"context"
	"math"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Preview tells what a run or a backfill would do.
type Preview struct {
	Sessions []model.Session // that would be read, in the order of their apps and creation
	// Unfinished are sessions that a run would ask for by id: no list shows them any
	// more, and an earlier run could not finish them.
	Unfinished []model.UUID
	// Listed counts the requests that the preview itself took, which the run would
	// take again; Reading estimates those for participants: at least one a session,
	// more where it is known or announced to be large.
	Listed, Reading int64
	// Waiting counts sessions that failed or did not add up before, and would be left
	// alone for now.
	Waiting int
	// TooOld counts sessions that ended before Horizon and would be left out.
	TooOld  int
	Horizon time.Time
}

// Preview lists what a run, or a backfill of a range, would read; optional reads are not
// part of it. It takes no lock and writes nothing. With an error it tells of the apps
// that could be listed. perPage is how many participants one request gives at most.
func (p *Pipeline) Preview(ctx context.Context, plan Plan, perPage int) (Preview, error) {
	if _, err := p.stores.Clock.ServerTime(ctx); err != nil {
		return Preview{}, err
	}
	clocks := newClocks(p.now, p.stores.Clock.ClockSkew(), p.source.ClockSkew)
	w := &work{
		Pipeline: p, clocks: clocks, plan: plan, logger: p.logger, handled: make(map[model.UUID]string), dryRun: true,
		run: model.Run{AccountID: p.cfg.AccountID, Kind: plan.Kind, StartedAt: clocks.now(), From: plan.From, To: plan.To, Full: plan.Full},
	}
	var out Preview
	if err := w.readHorizon(ctx); err != nil {
		return out, err
	}
	apps, err := w.apps(ctx)
	if err != nil {
		return out, err
	}
	err = eachApp(ctx, apps, w.failing, nil, func(appID string) error {
		return w.preview(ctx, appID, out.note(perPage))
	})
	out.TooOld, out.Horizon, out.Waiting = w.tooOld, w.horizon, w.waiting
	out.Listed, _ = p.source.Requests()
	return out, err
}

// note gives what adds a session to the preview.
func (p *Preview) note(perPage int) func(*model.Session, model.SessionState) {
	return func(s *model.Session, state model.SessionState) {
		rows := max(float64(state.Participants), 1)
		if s == nil {
			p.Unfinished = append(p.Unfinished, state.SessionID)
			p.Reading++ // for its record
		} else {
			p.Sessions = append(p.Sessions, *s)
			rows = max(rows, s.MaxConcurrent.Value)
		}
		p.Reading += int64(math.Ceil(rows / float64(perPage)))
	}
}

// preview lists what would be read of an app.
func (w *work) preview(ctx context.Context, appID string, note func(*model.Session, model.SessionState)) error {
	if w.plan.Kind == model.KindRun {
		d, _, err := w.newSince(ctx, appID)
		if err != nil {
			return err
		}
		d.preview = note
		return w.discoverAll(ctx, d)
	}
	start, err := backfillWork{w}.start(ctx, appID)
	if err != nil {
		return err
	}
	return backfillWork{w}.chunks(ctx, appID, start, func(d *discovery) error {
		d.preview = note
		return w.discover(ctx, d)
	})
}

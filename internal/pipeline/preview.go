package pipeline

import (
	"context"
	"math"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Preview tells what a backfill would do.
type Preview struct {
	Sessions []model.Session // that would be read, in the order of their apps and creation
	// Listed counts the requests that the preview itself took, which the
	// backfill would take again; Reading estimates those for participants: at
	// least one a session, more where it is known or announced to be large.
	Listed, Reading int64
	// TooOld counts sessions that ended before Horizon and would be left out.
	TooOld  int
	Horizon time.Time
}

// Preview lists what a backfill of a range would read. It takes no lock and
// writes nothing. With an error it tells of the apps that could be listed. perPage is the number of rows that one request asks for.
func (p *Pipeline) Preview(ctx context.Context, plan Plan, perPage int) (Preview, error) {
	if _, err := p.stores.Clock.ServerTime(ctx); err != nil {
		return Preview{}, err
	}
	clocks := newClocks(p.now, p.stores.Clock.ClockSkew(), p.source.ClockSkew)
	w := &work{
		Pipeline: p, clocks: clocks, plan: plan, logger: p.logger, handled: make(map[model.UUID]string), dryRun: true,
		run: model.Run{AccountID: p.cfg.AccountID, Kind: plan.Kind, StartedAt: clocks.now(), From: plan.From, To: plan.To},
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
		start, err := backfillWork{w}.start(ctx, appID)
		if err != nil {
			return err
		}
		return backfillWork{w}.chunks(ctx, appID, start, func(d *discovery) error {
			d.preview = func(s *model.Session, state model.SessionState) {
				out.Sessions = append(out.Sessions, *s)
				rows := max(s.MaxConcurrent.Value, float64(state.Participants), 1)
				out.Reading += int64(math.Ceil(rows / float64(perPage)))
			}
			return w.discover(ctx, d)
		})
	})
	out.TooOld, out.Horizon = w.tooOld, w.horizon
	out.Listed, _ = p.source.Requests()
	return out, err
}

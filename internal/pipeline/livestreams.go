package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const livestreamsName = "livestreams"

// mostLivestreams is how many sessions one run asks for.
const mostLivestreams = 500

// livestreams asks for the livestreams of settled sessions that may have been streamed:
// those of the type, and those of meetings that the API lists with a livestream. The
// vendor publishes the request for a session in one of its documents only, so that an
// account without it is no failure.
func (w optionalWork) livestreams(ctx context.Context, appID string, state *model.EndpointState) (asked bool, err error) {
	now := w.now().UTC()
	if quiet, err := w.isQuiet(ctx, appID, state, state.AskedAt, now); err != nil || quiet {
		return false, err
	}
	var meetings []string
	_, lacking := twice(func() (model.Pass, error) {
		meetings = nil
		return w.source.StreamedMeetings(ctx, appID, func(ids []string) error {
			meetings = append(meetings, ids...)
			return nil
		})
	})
	if lacking != nil && !errors.Is(lacking, model.ErrNotFound) && !errors.Is(lacking, model.ErrUnavailable) {
		return true, lacking
	}
	due, err := w.stores.Optional.DueLivestreams(ctx, appID, meetings, mostLivestreams)
	if err != nil {
		return true, err
	}
	w.extras.More = w.extras.More || len(due) == mostLivestreams
	if len(due) == 0 && errors.Is(lacking, model.ErrUnavailable) {
		return true, lacking
	}
	if err := w.eachLivestream(ctx, appID, due); err != nil {
		return true, err
	}
	state.ReadAt = now
	return true, nil
}

// eachLivestream asks for the livestreams of sessions one after the other. As long as none
// was answered, who was refused is held, as in enrolments: the account may lack them.
func (w optionalWork) eachLivestream(ctx context.Context, appID string, due []model.UUID) error {
	if len(due) == 0 {
		return nil
	}
	answered, err := w.stores.Optional.LivestreamAnswered(ctx, appID)
	if err != nil {
		return err
	}
	ask := &asking{refusals: refusals{things: "livestreams"}, answered: answered}
	type refused struct {
		id  model.UUID
		err error
	}
	var held []refused
	failures := 0
	for _, id := range due {
		err := w.livestream(ctx, appID, id)
		if err == nil {
			ask.gave()
			for _, h := range held {
				if err := w.livestreamFailed(ctx, appID, h.id, h.err); err != nil {
					return err
				}
			}
			held = nil
			continue
		}
		if ask.isOver(ctx, err) {
			return err
		}
		if ask.isUnclear(err) {
			held = append(held, refused{id, err})
		} else if err := w.livestreamFailed(ctx, appID, id, err); err != nil {
			return err
		}
		if over := ask.judge(err); over != nil {
			return over
		}
		if !errors.Is(err, model.ErrRefused) {
			failures++
		}
		if failures == mostFailures {
			return err
		}
	}
	if len(held) > 0 {
		return held[0].err
	}
	return nil
}

func (w optionalWork) livestreamFailed(ctx context.Context, appID string, id model.UUID, reason error) error {
	w.leaveOut()
	w.extras.Failures++
	w.logger.WarnContext(ctx, "livestream failed; a later run tries again", "app_id", appID, "session_id", id.String(), "error", reason)
	_, err := w.stores.Optional.SaveLivestream(ctx, w.run, id, nil, model.LivestreamFailed, reason.Error())
	return err
}

// livestream reads and stores the livestream of one session.
func (w optionalWork) livestream(ctx context.Context, appID string, id model.UUID) error {
	var all model.LivestreamPage
	pass, err := w.source.LivestreamSessions(ctx, appID, id, func(page model.LivestreamPage) error {
		all.Sessions = append(all.Sessions, page.Sessions...)
		all.Rejected = append(all.Rejected, page.Rejected...)
		return nil
	})
	if errors.Is(err, model.ErrNotFound) && !errors.Is(err, model.ErrUnavailable) {
		err = nil
	}
	if err != nil {
		return err
	}
	if err := w.setAside(ctx, all.Rejected); err != nil {
		return err
	}
	outcome, failure := model.LivestreamRead, pass.Doubt()
	switch {
	case failure != "":
		return fmt.Errorf("session %s: the list of livestreams: %s", id, failure)
	case len(all.Rejected) > 0:
		outcome, failure = model.LivestreamFailed, all.Rejected[0].Reason
	case len(all.Sessions) == 0:
		outcome = model.LivestreamNone
	}
	counts, err := w.stores.Optional.SaveLivestream(ctx, w.run, id, all.Sessions, outcome, failure)
	w.extras.Add(counts)
	w.extras.Livestreams += counts.Read
	return err
}

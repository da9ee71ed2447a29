package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const (
	recordingsName  = "recordings"
	livestreamsName = "livestreams"
	// mostLivestreams is how many sessions one run asks for.
	mostLivestreams = 500
	// openFor is how long a recording that is not final is asked for again.
	openFor = 30 * oneDay
)

// recordings reads the list of recordings: the first time all of it, then from the
// lookback before the last reading on, or from the oldest that was not final. While no
// session of the app changes and none goes on, it is left alone as the daily counts are.
func (w optionalWork) recordings(ctx context.Context, appID string, state *model.EndpointState) (asked bool, err error) {
	now := w.now().UTC()
	open, lost, err := w.stores.Optional.OpenRecordings(ctx, appID, now.Add(-openFor))
	if err != nil {
		return false, err
	}
	if quiet, err := w.isQuiet(ctx, appID, state, now); err != nil || quiet && open.IsZero() && !lost {
		return false, err
	}
	if lost {
		w.leaveOut()
		w.logger.WarnContext(ctx, "all recordings that were stored of the app are missing; the list is read from its beginning", "app_id", appID)
		state.ReadAt = time.Time{}
	}
	var from time.Time
	if !state.ReadAt.IsZero() {
		from = state.ReadAt.Add(-w.cfg.Lookback)
		if !open.IsZero() {
			// Whether the API compares the session's start, nobody says.
			from = earlier(from, open.Add(-oneDay))
		}
	}
	again := make(aside)
	pass, err := w.listRecordings(ctx, appID, from, w.listEnd(), again)
	if errors.Is(err, model.ErrBadRequest) {
		w.logger.InfoContext(ctx, "the API refuses a range of recordings; reading all", "app_id", appID, "from", from)
		from = time.Time{}
		pass, err = w.listRecordings(ctx, appID, from, time.Time{}, again)
	}
	switch {
	case errors.Is(err, model.ErrNotFound) && !errors.Is(err, model.ErrUnavailable):
		return true, nil // some lists of the vendor answer 404 where others are empty
	case err != nil:
		return true, err
	case pass.Doubt() != "":
		return true, fmt.Errorf("the list of recordings: %s", pass.Doubt())
	}
	state.ReadAt = now
	if !from.IsZero() {
		return true, nil
	}
	return true, w.closeAside(ctx, model.EntityRecording, appID, again, wholeList)
}

// isQuiet reports whether a part was read in the last hours, and no session of the app
// since. What this run has read does not tell: one before may have been killed between
// its sessions and this.
func (w optionalWork) isQuiet(ctx context.Context, appID string, state *model.EndpointState, now time.Time) (bool, error) {
	if state.Failure == "" && w.isUnheard(state) {
		return true, nil
	}
	if state.Failure != "" || now.Sub(state.AskedAt) >= quietDays {
		return false, nil
	}
	changed, err := w.stores.Optional.SessionsReadSince(ctx, appID, state.AskedAt)
	return !changed, err
}

func (w optionalWork) listRecordings(ctx context.Context, appID string, from, to time.Time, again aside) (model.Pass, error) {
	before := w.extras.Recordings
	return twice(func() (model.Pass, error) {
		w.extras.Recordings = before // a second pass reads the same ones
		return w.source.Recordings(ctx, appID, from, to, func(page model.RecordingPage) error {
			again.add(page.Rejected)
			if err := w.setAside(ctx, page.Rejected); err != nil {
				return err
			}
			if len(page.Recordings) > 0 {
				if err := w.stores.Apps.EnsureApp(ctx, w.run, appID); err != nil {
					return err
				}
			}
			counts, err := w.stores.Optional.SaveRecordings(ctx, w.run, appID, page.Recordings, w.horizon)
			w.extras.Add(counts)
			w.extras.Recordings += counts.Read
			return err
		})
	})
}

// livestreams asks for the livestreams of settled sessions that may have been streamed:
// those of the type, and those of meetings that the API lists with a livestream. The
// vendor publishes the request for a session in one of its documents only, so that an
// account without it is no failure.
func (w optionalWork) livestreams(ctx context.Context, appID string, state *model.EndpointState) (asked bool, err error) {
	now := w.now().UTC()
	if quiet, err := w.isQuiet(ctx, appID, state, now); err != nil || quiet {
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
				if err := w.livestreamFailed(ctx, h.id, h.err); err != nil {
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
		} else if err := w.livestreamFailed(ctx, id, err); err != nil {
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

func (w optionalWork) livestreamFailed(ctx context.Context, id model.UUID, reason error) error {
	w.leaveOut()
	w.extras.Failures++
	w.logger.WarnContext(ctx, "livestream failed; a later run tries again", "session_id", id.String(), "error", reason)
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
		return fmt.Errorf("the list of livestreams: %s", failure)
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

package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Optional says what a run reads once the sessions are stored. The zero value
// reads nothing.
type Optional struct {
	Enrolment     bool // records of meetings and the people enrolled in them
	Daywise       bool // the vendor's own counts of each day
	PeerReports   bool // call quality, one request a peer
	PeerAddresses bool // with the peers' network addresses
	Recordings    bool // recordings, and livestreams of sessions
}

// OptionalResult counts what the optional reads did.
type OptionalResult struct {
	Meetings     int // whose enrolment was read
	MeetingsGone int // that the API does not know
	// MeetingsWaiting counts those that failed or did not add up before and were
	// left alone.
	MeetingsWaiting int
	Removed         int // people who are enrolled no more
	Days            int // of the vendor's counts
	PeersAsked      int
	PeerReports     int // stored
	Recordings      int // that were listed
	Livestreams     int // runs of livestreams that were listed
	Failures        int // of reads that a later run tries again
	// More tells that there was more than one run reads.
	More bool
	model.RowCounts
}

// optionalSource gives the optional records. Errors are as those of source;
// model.ErrUnavailable says that the account lacks the endpoint.
type optionalSource interface {
	Meetings(ctx context.Context, appID string, each func(model.MeetingPage) error) (model.Pass, error)
	Meeting(ctx context.Context, appID, meetingID string) (model.Meeting, error)
	MeetingParticipants(ctx context.Context, appID, meetingID string, each func(model.MeetingParticipantPage) error) (model.Pass, error)
	DailyStats(ctx context.Context, appID string, from, to time.Time) (model.DailyPage, error)
	PeerReport(ctx context.Context, peer model.DuePeer, withAddress bool) (model.PeerReport, error)
	Recordings(ctx context.Context, appID string, from, to time.Time, each func(model.RecordingPage) error) (model.Pass, error)
	StreamedMeetings(ctx context.Context, appID string, each func(meetingIDs []string) error) (model.Pass, error)
	LivestreamSessions(ctx context.Context, appID string, id model.UUID, each func(model.LivestreamPage) error) (model.Pass, error)
}

const daywiseName = "daywise"

// Bounds of one run. What is left over is read by the next.
const (
	mostMeetings = 500
	mostPeers    = 1000
	// mostFailures is after how many failures an endpoint is left alone.
	mostFailures = 3
	// askAgain is how long an endpoint that the account lacks is left alone.
	askAgain = 24 * time.Hour
)

// optionalWork is the optional reads of a run.
type optionalWork struct{ *work }

// enrolmentWork and peerWork are the two of them that take their turns by meetings, and
// by peers.
type (
	enrolmentWork struct{ optionalWork }
	peerWork      struct{ optionalWork }
)

// part is one optional read of one app. It tells whether anything was asked; its
// error concerns the part as a whole.
type part struct {
	name string
	on   bool
	read func(ctx context.Context, appID string, state *model.EndpointState) (asked bool, err error)
	// end is called once a reading without error was noted; may be nil.
	end func(ctx context.Context, appID string) error
}

// optional makes the optional reads one after the other: one request at a time
// is as fast as the pace of the shared budget. By now the sessions are stored,
// so that a failure here is noted and makes the run partial, never failed; only
// a stop, a spent budget and a broken database end it.
func (w optionalWork) optional(ctx context.Context, apps []string) error {
	o, enrolment, peers := w.plan.Optional, enrolmentWork{w}, peerWork{w}
	for _, p := range []part{
		{name: "enrolment", on: o.Enrolment, read: enrolment.enrolment},
		{name: daywiseName, on: o.Daywise, read: w.daywise},
		{name: recordingsName, on: o.Recordings, read: w.recordings},
		{name: livestreamsName, on: o.Recordings, read: w.livestreams},
		{name: "peer-reports", on: o.PeerReports, read: peers.peerReports, end: peers.endPeers},
	} {
		if !p.on {
			continue
		}
		turns, err := w.turns(ctx, p, apps)
		if err != nil {
			return err
		}
		for i := range turns {
			if err := w.optionalPart(ctx, p, &turns[i]); err != nil {
				return fmt.Errorf("%s of app %s: %w", p.name, turns[i].appID, err)
			}
		}
	}
	if r := w.extras; r != (OptionalResult{}) {
		w.logger.InfoContext(ctx, "optional reads finished",
			"meetings_read", r.Meetings, "meetings_gone", r.MeetingsGone, "meetings_waiting", r.MeetingsWaiting, "people_removed", r.Removed, "days_read", r.Days,
			"peers_asked", r.PeersAsked, "peer_reports", r.PeerReports, "recordings", r.Recordings, "livestreams", r.Livestreams,
			"rows_inserted", r.Inserted, "rows_updated", r.Updated)
	}
	return nil
}

// turn is an app, and what is known of a part of the API in it.
type turn struct {
	appID string
	state model.EndpointState
}

// turns orders the apps by when they were last asked, so that one with more than
// a run may read keeps no other from its turn.
func (w optionalWork) turns(ctx context.Context, p part, apps []string) ([]turn, error) {
	var turns []turn
	for _, appID := range apps {
		state, err := w.stores.Optional.Endpoint(ctx, appID, p.name)
		if err != nil {
			return nil, err
		}
		if state.AskedAt.After(w.now()) { // by a clock that was ahead
			state.AskedAt, state.ReadAt = time.Time{}, time.Time{}
		}
		turns = append(turns, turn{appID, state})
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return a.state.AskedAt.Compare(b.state.AskedAt) })
	return turns, nil
}

func (w optionalWork) optionalPart(ctx context.Context, p part, of *turn) error {
	appID, state, now := of.appID, &of.state, w.now()
	if !state.UnavailableAt.IsZero() && (now.Sub(state.AskedAt) < askAgain || w.isUnheard(state)) {
		return nil
	}
	asked, err := p.read(ctx, appID, state)
	if isEnd(ctx, err) {
		return err
	}
	sound := err == nil
	if asked || !sound {
		if err := w.noteEndpoint(ctx, p, of, now, err); err != nil {
			return err
		}
	}
	if !sound || p.end == nil {
		return nil
	}
	return p.end(ctx, appID)
}

// noteEndpoint keeps how a part went that was asked for at the given time.
func (w optionalWork) noteEndpoint(ctx context.Context, p part, of *turn, now time.Time, err error) error {
	appID, state := of.appID, &of.state
	state.AskedAt, state.Failure = now, errorText(err)
	switch {
	case err == nil:
		state.UnavailableAt = time.Time{}
	case errors.Is(err, model.ErrUnavailable):
		if state.UnavailableAt.IsZero() {
			state.UnavailableAt = now
			w.logger.WarnContext(ctx, "the account or its token lacks this; it is asked again once a day",
				"endpoint", p.name, "app_id", appID, "error", err)
		}
	default:
		w.leaveOut()
		w.extras.Failures++
		w.logger.WarnContext(ctx, "optional read failed; the next run tries again", "endpoint", p.name, "app_id", appID, "error", err)
	}
	return w.stores.Optional.SaveEndpoint(ctx, w.run, appID, p.name, *state)
}

// isEnd reports whether an error of an optional read ends the run: unlike that
// of a session, a refusal does not.
func isEnd(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, model.ErrBudgetSpent) || errors.Is(err, model.ErrStore) || errors.Is(err, model.ErrUsage))
}

// asking judges the answers of a part that asks for one thing after the other.
type asking struct {
	refusals refusals
	// answered tells that the endpoint has given something, now or before: then the
	// account has it, and what it refuses is the one thing.
	answered bool
}

// gave notes an answer.
func (a *asking) gave() {
	a.answered = true
	a.refusals.answered()
}

// isOver reports whether an error concerns the whole part and not one thing of it:
// the token is refused, or there is no such path and never was one.
func (a *asking) isOver(ctx context.Context, err error) bool {
	lacking := errors.Is(err, model.ErrUnavailable) && !errors.Is(err, model.ErrRefused)
	return isEnd(ctx, err) || errors.Is(err, model.ErrDenied) || lacking && !a.answered
}

// judge counts how one more thing ended, and gives an error once the same refusal
// has come too often in a row: the refusal itself where the endpoint has given
// nothing yet, so that it passes for lacking, else one that is only a failure.
func (a *asking) judge(reason error) error {
	switch over := a.refusals.judge(reason, false); {
	case over == nil:
		return nil
	case a.answered:
		return errors.New(over.Error())
	}
	return reason
}

// isUnclear reports whether a refusal may mean this one thing as well as that the
// account lacks the endpoint: it has given nothing yet.
func (a *asking) isUnclear(err error) bool {
	return !a.answered && errors.Is(err, model.ErrUnavailable)
}

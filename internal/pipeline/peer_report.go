package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const (
	// analyticsMonths is how long the vendor keeps call analytics. Source: its
	// page on data retention; an older page says 30 days, after which the API
	// is expected to know the peer no more.
	analyticsMonths = 6
	// emptyPeers is how many peers without a report, and none with one, say that
	// the account has no reports at all.
	emptyPeers = 10
)

var errNoReports = fmt.Errorf("%w: the API has no report for any peer that was asked for", model.ErrUnavailable)

// peerReports asks for the reports of peers that were not answered yet, the
// newest first.
func (w peerWork) peerReports(ctx context.Context, appID string, state *model.EndpointState) (asked bool, err error) {
	now := w.run.StartedAt
	due, err := w.stores.Optional.DuePeers(ctx, appID, peersSince(now), now, mostPeers-w.extras.PeersAsked)
	if err != nil || len(due) == 0 {
		return false, err
	}
	failures := 0
	var empty []model.DuePeer
	ask := &asking{refusals: refusals{things: "peers"}, answered: !state.ReadAt.IsZero()}
	var held []refusedPeer // refused before the endpoint gave anything
	for _, peer := range due {
		w.extras.PeersAsked++
		report, err := w.source.PeerReport(ctx, peer, w.plan.Optional.PeerAddresses)
		switch {
		case err == nil:
			state.ReadAt = w.now()
			ask.gave()
			err = errors.Join(w.savePeerReport(ctx, report), w.noteEmpty(ctx, empty), w.noteRefused(ctx, held))
			empty, held = nil, nil
		case ask.isOver(ctx, err):
		case ask.isUnclear(err):
			held = append(held, refusedPeer{peer, err})
			err = ask.judge(err)
		case errors.Is(err, model.ErrNotFound):
			if empty = append(empty, peer); !state.ReadAt.IsZero() {
				err, empty = w.noteEmpty(ctx, empty), nil
			} else if err = nil; len(empty) == emptyPeers {
				return true, errNoReports
			}
		default:
			err = w.failedPeer(ctx, peer, err, ask, &failures)
		}
		if err != nil {
			return true, errors.Join(err, w.noteEmpty(ctx, empty))
		}
	}
	if w.extras.PeersAsked >= mostPeers {
		w.extras.More = true
		w.logger.InfoContext(ctx, "enough peer reports for one run; the next one goes on", "app_id", appID)
	}
	if len(held) > 0 {
		return true, errors.Join(held[0].reason, w.noteEmpty(ctx, empty))
	}
	return true, w.noteEmpty(ctx, empty)
}

// refusedPeer is a peer of which the API refused the report.
type refusedPeer struct {
	model.DuePeer
	reason error
}

// noteRefused keeps that peers were refused, each for itself.
func (w peerWork) noteRefused(ctx context.Context, peers []refusedPeer) error {
	for _, p := range peers {
		if err := w.notePeerFailure(ctx, p.DuePeer, p.reason); err != nil {
			return err
		}
	}
	return nil
}

// peersSince gives after which time a session must have ended for the API to
// know its peers.
func peersSince(now time.Time) time.Time { return now.AddDate(0, -analyticsMonths, 0) }

// endPeers marks the sessions of which no peer is left, so that the next run does
// not look at them. As long as there are more peers than a run asks for, finding
// these sessions costs more than it saves.
func (w peerWork) endPeers(ctx context.Context, appID string) error {
	if w.extras.PeersAsked >= mostPeers {
		return nil
	}
	return w.stores.Optional.PeersAsked(ctx, appID, peersSince(w.run.StartedAt))
}

func (w peerWork) savePeerReport(ctx context.Context, report model.PeerReport) error {
	counts := model.RowCounts{Read: 1, Inserted: 1}
	if len(report.Repairs) > 0 {
		counts.Repaired = 1
	}
	if err := w.stores.Optional.SavePeerReport(ctx, w.run, report); err != nil {
		return err
	}
	w.extras.PeerReports++
	w.extras.Add(counts)
	return nil
}

// failedPeer notes a peer whose report could not be read. Its error ends the
// part.
func (w peerWork) failedPeer(ctx context.Context, peer model.DuePeer, reason error, ask *asking, failures *int) error {
	if rejected, ok := errors.AsType[*model.RejectedError](reason); ok {
		if err := w.setAside(ctx, []model.Rejected{rejected.Record}); err != nil {
			return err
		}
		return w.stores.Optional.NotePeer(ctx, w.run, peer, model.PeerReportRejected, rejected.Record.Reason)
	}
	if err := w.notePeerFailure(ctx, peer, reason); err != nil {
		return err
	}
	if errors.Is(reason, model.ErrRefused) {
		return ask.judge(reason)
	}
	if *failures++; *failures == mostFailures {
		return reason
	}
	return nil
}

func (w peerWork) notePeerFailure(ctx context.Context, peer model.DuePeer, reason error) error {
	w.leaveOut()
	w.extras.Failures++
	w.logger.WarnContext(ctx, "peer report failed; a later run tries again",
		"app_id", peer.AppID, "session_id", peer.SessionID.String(), "peer_id", peer.PeerID.String(), "error", reason)
	return w.stores.Optional.NotePeer(ctx, w.run, peer, model.PeerReportFailed, reason.Error())
}

// noteEmpty keeps the peers without a report, so that each is asked for once more
// only: a day after its session.
func (w peerWork) noteEmpty(ctx context.Context, empty []model.DuePeer) error {
	for _, peer := range empty {
		if err := w.stores.Optional.NotePeer(ctx, w.run, peer, model.PeerReportNone, ""); err != nil {
			return err
		}
	}
	return nil
}

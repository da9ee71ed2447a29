package optional

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// DuePeers gives peers of an app's settled sessions that ended after since and
// whose report is still to be asked for, as of now: newest first, most of them at
// once. It does not look at sessions that PeersAsked has marked.
func (s *Store) DuePeers(ctx context.Context, appID string, since, now time.Time, most int) ([]model.DuePeer, error) {
	if some, err := s.peersLeft(ctx, appID); err != nil || !some {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, duePeersSQL, appID, since, most, now)
	if err != nil {
		return nil, warehouse.Failed("find the peers to ask for", err)
	}
	due, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (model.DuePeer, error) {
		var session, participant, peer pgtype.UUID
		err := row.Scan(&session, &participant, &peer)
		return model.DuePeer{AppID: appID, SessionID: session.Bytes, ParticipantID: participant.Bytes, PeerID: peer.Bytes}, err
	})
	return due, warehouse.Failed("find the peers to ask for", err)
}

// PeersAsked marks the settled sessions of an app of which no peer is left to be
// asked for. A crash before it leaves that to the next run.
func (s *Store) PeersAsked(ctx context.Context, appID string, since time.Time) error {
	if some, err := s.peersLeft(ctx, appID); err != nil || !some {
		return err
	}
	// Of many sessions in no order: an erasure or another run may be at them in another one.
	err := warehouse.Again(ctx, func(ctx context.Context) error { return s.db.SendOne(ctx, peersAskedSQL, appID, since) })
	return warehouse.Failed("mark the sessions whose peers were asked for", err)
}

// peersLeft reports whether any settled session is not marked. By itself, so that
// nothing to do costs nothing, whatever the planner expects.
func (s *Store) peersLeft(ctx context.Context, appID string) (some bool, err error) {
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM sync.session_states
		WHERE app_id = $1 AND settled_at IS NOT NULL AND peers_asked_at IS NULL)`, appID).Scan(&some)
	return some, warehouse.Failed("find sessions with peers to ask for", err)
}

// SavePeerReport writes a report and notes that its peer was answered, so that what
// was set aside of it before is closed: all or nothing. Where its participant was erased meanwhile, nothing is kept.
func (s *Store) SavePeerReport(ctx context.Context, run model.Run, p model.PeerReport) error {
	text, err := toJSON(reportRecord(&p))
	if err != nil {
		return err
	}
	peer := model.DuePeer{SessionID: p.SessionID, ParticipantID: p.ParticipantID, PeerID: p.PeerID}
	err = s.db.Filtered(ctx, func(tx pgx.Tx, _ *privacy.Filter) error {
		stored, err := isStored(ctx, tx, peer)
		if err != nil || !stored {
			return err
		}
		_, err = tx.Exec(ctx, savePeerReportSQL, run.ID, warehouse.UUID(p.SessionID), warehouse.UUID(p.ParticipantID), warehouse.UUID(p.PeerID), text)
		if err != nil {
			return err
		}
		return notePeer(ctx, tx, run, peer, model.PeerReportStored, "")
	})
	if err == nil {
		s.db.Tell(model.EntityPeerReport, model.RowCounts{Read: 1, Inserted: 1})
	}
	return warehouse.Failed("store the report of peer "+p.PeerID.String(), err)
}

// NotePeer keeps that a peer was asked for without a report to store, and why. Where the API
// has none, what was set aside of it before is closed: nothing is left to ask for.
func (s *Store) NotePeer(ctx context.Context, run model.Run, peer model.DuePeer, outcome, failure string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), warehouse.WriteTimeout)
	defer cancel()
	err := s.db.Filtered(ctx, func(tx pgx.Tx, f *privacy.Filter) error {
		stored, err := isStored(ctx, tx, peer)
		if err != nil || !stored {
			return err
		}
		return notePeer(ctx, tx, run, peer, outcome, f.Text(failure))
	})
	return warehouse.Failed("note peer "+peer.PeerID.String(), err)
}

// isStored tells whether the peer's participant is there: it may have been erased since
// the peer was found. Whoever erases waits for the transaction.
func isStored(ctx context.Context, tx pgx.Tx, peer model.DuePeer) (stored bool, err error) {
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM realtimekit.participants WHERE session_id = $1 AND participant_id = $2)`,
		warehouse.UUID(peer.SessionID), warehouse.UUID(peer.ParticipantID)).Scan(&stored)
	return stored, err
}

func notePeer(ctx context.Context, tx pgx.Tx, run model.Run, peer model.DuePeer, outcome, failure string) error {
	_, err := tx.Exec(ctx, `INSERT INTO sync.peer_report_states AS t
			(session_id, participant_id, peer_id, outcome, asked_at, last_error, run_id)
		VALUES ($1, $2, $3, $4, $7, $5, $6)
		ON CONFLICT (session_id, participant_id, peer_id) DO UPDATE
		SET outcome = excluded.outcome, attempts = t.attempts + 1, asked_at = excluded.asked_at, last_error = excluded.last_error, run_id = excluded.run_id`,
		warehouse.UUID(peer.SessionID), warehouse.UUID(peer.ParticipantID), warehouse.UUID(peer.PeerID), outcome, warehouse.Text(failure), run.ID, run.StartedAt)
	if err == nil && (outcome == model.PeerReportStored || outcome == model.PeerReportNone) {
		_, err = tx.Exec(ctx, `UPDATE sync.rejected_records SET resolved_at = now()
			WHERE session_id = $1 AND entity = 'peer_report' AND record_key = $2::uuid::text AND resolved_at IS NULL`,
			warehouse.UUID(peer.SessionID), warehouse.UUID(peer.PeerID))
	}
	return err
}

func reportRecord(p *model.PeerReport) record {
	r := record{}
	for column, value := range map[string]string{
		"preset_name": p.PresetName, "sdk_name": p.SDKName, "sdk_version": p.SDKVersion, "room_view_type": p.RoomViewType,
		"os_name": p.OS, "os_version": p.OSVersion, "browser_name": p.Browser, "browser_version": p.BrowserVersion,
		"network_type": p.NetworkType, "country": p.Country, "ip_address": p.IPAddress,
	} {
		r.text(column, value)
	}
	r.flag("is_mobile", p.IsMobile)
	r.count("cpu_count", p.CPUs)
	for stream, q := range map[string]model.Quality{
		"audio_sent": p.AudioSent, "audio_received": p.AudioReceived,
		"video_sent": p.VideoSent, "video_received": p.VideoReceived,
	} {
		r.number(stream+"_mos", q.MOS)
		r.number(stream+"_packet_loss", q.PacketLoss)
		r.number(stream+"_rtt", q.RTT)
		r.number(stream+"_jitter", q.Jitter)
		r.number(stream+"_jitter_buffer_delay", q.JitterBufferDelay)
	}
	r.provenance(p.Provenance)
	return r
}

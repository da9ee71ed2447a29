package optional

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// toAsk is why a list is to be asked for that was read well.
const toAsk = "records of it were set aside, and are to be asked for again"

// AskAgain lets the next run that makes such a read ask the API for a rejected record of
// it. What is read beside the sessions is else left alone while nothing changes. Of other
// records it does nothing.
func (s *Store) AskAgain(ctx context.Context, r model.Rejected) error {
	var queue func(batch *pgx.Batch)
	switch r.Entity {
	case model.EntityMeeting, model.EntityMeetingParticipant:
		queue = func(batch *pgx.Batch) {
			batch.Queue(`UPDATE sync.meeting_states SET sessions_seen = NULL, sessions_digest = NULL, attempts = 0, retry_at = NULL
				WHERE app_id = $1 AND (meeting_id = $2 OR $3 AND starts_with($2, meeting_id || '/'))`,
				r.AppID, r.Key, r.Entity == model.EntityMeetingParticipant)
		}
	case model.EntityDailyStats:
		queue = func(batch *pgx.Batch) {
			batch.Queue(`UPDATE sync.endpoint_states SET read_at = NULL, asked_from = NULL, covered_from = NULL
				WHERE app_id = $1 AND endpoint = 'daywise'`, r.AppID)
		}
	case model.EntityRecording: // of which there is one list, from its beginning
		queue = func(batch *pgx.Batch) {
			batch.Queue(`UPDATE sync.endpoint_states SET read_at = NULL, last_error = $2
				WHERE app_id = $1 AND endpoint = 'recordings'`, r.AppID, toAsk)
		}
	case model.EntityLivestreamSession:
		queue = func(batch *pgx.Batch) {
			batch.Queue(`UPDATE sync.livestream_states SET attempts = 0 WHERE session_id = $1 AND outcome = 'failed'`, warehouse.UUID(r.SessionID))
			batch.Queue(`UPDATE sync.endpoint_states SET last_error = $2 WHERE app_id = $1 AND endpoint = 'livestreams'`, r.AppID, toAsk)
		}
	case model.EntityPeerReport:
		queue = func(batch *pgx.Batch) {
			batch.Queue(`UPDATE sync.session_states SET peers_asked_at = NULL WHERE session_id = $1`, warehouse.UUID(r.SessionID))
			batch.Queue(`UPDATE sync.peer_report_states SET attempts = 0, outcome = 'rejected' WHERE session_id = $1 AND peer_id::text = $2 AND outcome <> 'stored'`,
				warehouse.UUID(r.SessionID), strings.ToLower(r.Key))
		}
	default:
		return nil
	}
	return warehouse.Failed("have a rejected record asked for again", s.sendAgain(ctx, queue))
}

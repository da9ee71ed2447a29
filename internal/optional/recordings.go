package optional

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// OpenRecordings gives when the oldest recording of an app was asked for that is not
// final, and was asked for after since; zero where none is. lost tells that all rows of the
// app are gone though there were some.
func (s *Store) OpenRecordings(ctx context.Context, appID string, since time.Time) (oldest time.Time, lost bool, err error) {
	var at pgtype.Timestamptz
	err = s.pool.QueryRow(ctx, `SELECT min(invoked_at) FROM realtimekit.recordings
		WHERE app_id = $1 AND invoked_at > $2 AND coalesce(status NOT IN ('UPLOADED', 'ERRORED'), true)`, appID, since).Scan(&at)
	if err == nil && !at.Valid {
		err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM sync.endpoint_states WHERE app_id = $1 AND endpoint = 'recordings' AND stored_rows > 0)
			AND NOT EXISTS (SELECT 1 FROM realtimekit.recordings WHERE app_id = $1)`, appID).Scan(&lost)
	}
	return at.Time.UTC(), lost, warehouse.Failed("look for recordings that go on", err)
}

// SaveRecordings writes one page of the recordings of an app; unchanged ones are not
// touched. A recording that names no meeting gets that of its session. Those of sessions
// that retention deleted, or that ended before the horizon, zero for none, are left out.
func (s *Store) SaveRecordings(ctx context.Context, run model.Run, appID string, recordings []model.Recording, horizon time.Time) (model.RowCounts, error) {
	var counts model.RowCounts
	meetings, err := s.meetingsOf(ctx, recordings)
	if err != nil {
		return counts, err
	}
	gone, err := s.goneSessions(ctx, recordings, horizon)
	if err != nil {
		return counts, err
	}
	rows := make([]record, 0, len(recordings))
	var ids []string
	for i := range recordings {
		r := &recordings[i]
		meeting, stored := meetings[r.SessionID]
		if !stored && !horizon.IsZero() && (gone[r.SessionID] || r.LastChange().Before(horizon)) {
			continue
		}
		if r.MeetingID == "" {
			r.MeetingID = meeting
		}
		counts.Read++
		if len(r.Repairs) > 0 {
			counts.Repaired++
		}
		rows, ids = append(rows, recordingRecord(r)), append(ids, r.ID)
	}
	if len(rows) == 0 {
		return counts, nil
	}
	text, err := toJSON(rows)
	if err != nil {
		return counts, err
	}
	err = s.sendAgain(ctx, func(batch *pgx.Batch) {
		batch.Queue(saveRecordingsSQL, run.ID, appID, text).QueryRow(func(row pgx.Row) error { return row.Scan(&counts.Inserted, &counts.Updated) })
		batch.Queue(`UPDATE sync.rejected_records SET resolved_at = now()
			WHERE entity = 'recording' AND app_id = $1 AND record_key = ANY ($2) AND resolved_at IS NULL`, appID, ids)
	})
	counts.Unchanged = max(counts.Read-counts.Inserted-counts.Updated, 0)
	if err == nil {
		s.db.Tell(model.EntityRecording, counts)
	}
	return counts, warehouse.Failed("store the recordings of app "+appID, err)
}

func recordingRecord(r *model.Recording) record {
	row := record{"recording_id": r.ID}
	if !r.SessionID.IsZero() {
		row["session_id"] = r.SessionID.String()
	}
	row.text("meeting_id", r.MeetingID)
	row.text("recording_type", r.Type)
	row.text("status", r.Status)
	row.time("invoked_at", r.InvokedAt)
	row.time("started_at", r.StartedAt)
	row.time("stopped_at", r.StoppedAt)
	row.count("duration_seconds", r.DurationSeconds)
	row.count("file_size_bytes", r.FileSizeBytes)
	row.time("download_expires_at", r.DownloadExpiresAt)
	row.provenance(r.Provenance)
	return row
}

func sessionsOf(recordings []model.Recording) (ids []model.UUID) {
	for i := range recordings {
		if !recordings[i].SessionID.IsZero() {
			ids = append(ids, recordings[i].SessionID)
		}
	}
	return ids
}

// goneSessions gives which sessions of recordings retention deleted. A recorder may stop
// after its session, and behind the horizon that the session ended before. Without a horizon
// none were deleted.
func (s *Store) goneSessions(ctx context.Context, recordings []model.Recording, horizon time.Time) (map[model.UUID]bool, error) {
	if horizon.IsZero() {
		return nil, nil
	}
	gone := map[model.UUID]bool{}
	rows, err := s.pool.Query(ctx, `SELECT session_id FROM analytics.session_dates WHERE session_id = ANY ($1::uuid[]) AND is_gone`,
		warehouse.UUIDs(sessionsOf(recordings)))
	if err != nil {
		return nil, warehouse.Failed("look for deleted sessions of recordings", err)
	}
	var id pgtype.UUID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		gone[model.UUID(id.Bytes)] = true
		return nil
	})
	return gone, warehouse.Failed("look for deleted sessions of recordings", err)
}

// meetingsOf gives the meetings of the stored sessions of recordings.
func (s *Store) meetingsOf(ctx context.Context, recordings []model.Recording) (map[model.UUID]string, error) {
	ids := sessionsOf(recordings)
	found := make(map[model.UUID]string, len(ids))
	rows, err := s.pool.Query(ctx, `SELECT session_id, coalesce(meeting_id, '') FROM realtimekit.sessions WHERE session_id = ANY ($1::uuid[])`, warehouse.UUIDs(ids))
	if err != nil {
		return nil, warehouse.Failed("look for the sessions of recordings", err)
	}
	var id pgtype.UUID
	var meeting string
	_, err = pgx.ForEachRow(rows, []any{&id, &meeting}, func() error {
		found[model.UUID(id.Bytes)] = meeting
		return nil
	})
	return found, warehouse.Failed("look for the sessions of recordings", err)
}

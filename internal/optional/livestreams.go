package optional

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// DueLivestreams gives settled sessions of an app that may have been streamed, and whose
// livestream is still to be asked for: those of the type, and those of the given meetings,
// newest first, most of them at once.
func (s *Store) DueLivestreams(ctx context.Context, appID string, meetings []string, most int) ([]model.UUID, error) {
	rows, err := s.pool.Query(ctx, dueLivestreamsSQL, appID, meetings, most)
	if err != nil {
		return nil, warehouse.Failed("find the livestreams to ask for", err)
	}
	due, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (model.UUID, error) {
		var id pgtype.UUID
		err := row.Scan(&id)
		return model.UUID(id.Bytes), err
	})
	return due, warehouse.Failed("find the livestreams to ask for", err)
}

// LivestreamAnswered reports whether the API has ever answered for the livestream of a
// session of an app, be it that there is none. That the list of livestreams was read says
// nothing of that.
func (s *Store) LivestreamAnswered(ctx context.Context, appID string) (answered bool, err error) {
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM sync.livestream_states AS t JOIN realtimekit.sessions AS s USING (session_id)
		WHERE s.app_id = $1 AND t.outcome IN ('read', 'none'))`, appID).Scan(&answered)
	return answered, warehouse.Failed("look whether a livestream was ever answered for", err)
}

// SaveLivestream writes when a session was streamed, and keeps what became of asking. Where
// the session was deleted meanwhile nothing is kept.
func (s *Store) SaveLivestream(ctx context.Context, run model.Run, sessionID model.UUID, runs []model.LivestreamSession, outcome, failure string) (model.RowCounts, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), warehouse.WriteTimeout)
	defer cancel()
	counts := model.RowCounts{Read: len(runs)}
	for i := range runs {
		if len(runs[i].Repairs) > 0 {
			counts.Repaired++
		}
	}
	err := s.db.Filtered(ctx, func(tx pgx.Tx, f *privacy.Filter) error {
		var appID string
		err := tx.QueryRow(ctx, `SELECT app_id FROM realtimekit.sessions WHERE session_id = $1`, warehouse.UUID(sessionID)).Scan(&appID)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := livestreamRecords(f, appID, run, sessionID, runs)
		if err != nil {
			return err
		}
		if err := saveLivestreams(ctx, tx, sessionID, text, &counts); err != nil {
			return err
		}
		return noteLivestream(ctx, tx, run, sessionID, outcome, f.Text(failure))
	})
	counts.Unchanged = max(counts.Read-counts.Inserted-counts.Updated, 0)
	if err == nil {
		s.db.Tell(model.EntityLivestreamSession, counts)
	}
	return counts, warehouse.Failed("store the livestream of session "+sessionID.String(), err)
}

// saveLivestreams writes what was read, and counts what it did to the rows.
func saveLivestreams(ctx context.Context, tx pgx.Tx, sessionID model.UUID, text string, counts *model.RowCounts) error {
	if counts.Read == 0 {
		return nil
	}
	var before, after int
	count := func(into *int) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM realtimekit.livestream_sessions WHERE session_id = $1`, warehouse.UUID(sessionID)).Scan(into)
	}
	if err := count(&before); err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, saveLivestreamsSQL, text)
	if err != nil {
		return err
	}
	if err := count(&after); err != nil {
		return err
	}
	counts.Inserted = after - before
	counts.Updated = int(tag.RowsAffected()) - counts.Inserted
	return nil
}

func noteLivestream(ctx context.Context, tx pgx.Tx, run model.Run, sessionID model.UUID, outcome, failure string) error {
	_, err := tx.Exec(ctx, `INSERT INTO sync.livestream_states AS t (session_id, outcome, asked_at, last_error, run_id)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (session_id) DO UPDATE SET outcome = excluded.outcome, attempts = t.attempts + 1,
			asked_at = excluded.asked_at, last_error = excluded.last_error, run_id = excluded.run_id`,
		warehouse.UUID(sessionID), outcome, warehouse.Time(run.StartedAt), warehouse.Text(failure), run.ID)
	if err == nil && outcome != model.LivestreamFailed {
		_, err = tx.Exec(ctx, `UPDATE sync.rejected_records SET resolved_at = now()
			WHERE entity = 'livestream_session' AND session_id = $1 AND resolved_at IS NULL`, warehouse.UUID(sessionID))
	}
	return err
}

// livestreamRecords gives the rows, which say nothing of people on the list.
func livestreamRecords(f *privacy.Filter, appID string, run model.Run, sessionID model.UUID, runs []model.LivestreamSession) (string, error) {
	rows := make([]record, 0, len(runs))
	for _, l := range runs { // a copy: a newer filter may have to begin anew
		f.Livestream(appID, &l)
		row := livestreamRecord(&l)
		row["session_id"], row["run_id"] = sessionID.String(), run.ID
		rows = append(rows, row)
	}
	return toJSON(rows)
}

func livestreamRecord(l *model.LivestreamSession) record {
	row := record{"livestream_session_id": l.ID}
	row.text("livestream_id", l.LivestreamID)
	row.number("ingest_seconds", l.IngestSeconds)
	row.number("viewer_seconds", l.ViewerSeconds)
	row.text("err_message", l.ErrMessage)
	for column, at := range map[string]time.Time{
		"invoked_at": l.InvokedAt, "started_at": l.StartedAt, "stopped_at": l.StoppedAt, "created_at": l.CreatedAt, "updated_at": l.UpdatedAt,
	} {
		row.time(column, at)
	}
	row.provenance(l.Provenance)
	return row
}

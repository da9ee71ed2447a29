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

// SaveDays writes the vendor's counts of an app's days; unchanged ones are not
// touched.
func (s *Store) SaveDays(ctx context.Context, run model.Run, appID string, days []model.DailyStats) (model.RowCounts, error) {
	counts := model.RowCounts{Read: len(days)}
	if len(days) == 0 {
		return counts, nil
	}
	text, err := recordsJSON(&counts, days, func(d *model.DailyStats) (record, model.Provenance) {
		r := record{"stats_date": d.Day.Format(time.DateOnly)}
		r.count("total_sessions", d.Sessions)
		r.number("total_session_minutes", d.SessionMinutes)
		r.count("total_recordings", d.Recordings)
		r.number("total_recording_minutes", d.RecordingMinutes)
		return r, d.Provenance
	})
	if err != nil {
		return counts, err
	}
	err = s.sendAgain(ctx, func(batch *pgx.Batch) {
		batch.Queue(saveDaysSQL, run.ID, appID, text).QueryRow(func(row pgx.Row) error { return row.Scan(&counts.Inserted, &counts.Updated) })
	})
	counts.Unchanged = counts.Read - counts.Inserted - counts.Updated
	if err == nil {
		s.db.Tell(model.EntityDailyStats, counts)
	}
	return counts, warehouse.Failed("store the daily stats of app "+appID, err)
}

// SessionsReadSince reports whether the reading of a session of the app began after the
// given time, by whichever run: a worker or a backfill may have begun its run long before.
// It looks through the sessions of runs that were under way then or later.
func (s *Store) SessionsReadSince(ctx context.Context, appID string, since time.Time) (bool, error) {
	var runs []int64
	var read bool
	err := s.pool.QueryRow(ctx, `SELECT array_agg(run_id) FROM sync.runs WHERE finished_at IS NULL OR finished_at >= $1`, since).Scan(&runs)
	if err == nil {
		err = s.pool.QueryRow(ctx, `SELECT EXISTS (
			SELECT 1 FROM sync.run_sessions AS r JOIN sync.session_states AS s USING (session_id)
			WHERE s.app_id = $1 AND s.read_at > $2 AND r.run_id = ANY ($3))`, appID, since, runs).Scan(&read)
	}
	return read, warehouse.Failed("look for sessions read since "+since.Format(time.RFC3339), err)
}

// Endpoint gives how an optional read of an app went; the zero value where it
// was never made.
func (s *Store) Endpoint(ctx context.Context, appID, endpoint string) (model.EndpointState, error) {
	var asked, read, unavailable pgtype.Timestamptz
	var askedFrom, covered pgtype.Date
	var failure pgtype.Text
	err := s.pool.QueryRow(ctx, `SELECT asked_at, read_at, unavailable_at, asked_from, covered_from, last_error
		FROM sync.endpoint_states WHERE app_id = $1 AND endpoint = $2`, appID, endpoint).
		Scan(&asked, &read, &unavailable, &askedFrom, &covered, &failure)
	if errors.Is(err, pgx.ErrNoRows) {
		return model.EndpointState{}, nil
	}
	return model.EndpointState{
		AskedAt: asked.Time, ReadAt: read.Time, UnavailableAt: unavailable.Time,
		AskedFrom: askedFrom.Time, CoveredFrom: covered.Time, Failure: failure.String,
	}, warehouse.Failed("read how "+endpoint+" went", err)
}

// SaveEndpoint keeps how an optional read of an app went.
func (s *Store) SaveEndpoint(ctx context.Context, run model.Run, appID, endpoint string, state model.EndpointState) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), warehouse.WriteTimeout)
	defer cancel()
	err := s.db.Filtered(ctx, func(tx pgx.Tx, f *privacy.Filter) error {
		var stored pgtype.Int8
		err := tx.QueryRow(ctx, `SELECT CASE WHEN $3 THEN NULL
			     WHEN $2 = 'daywise' THEN (SELECT count(*) FROM realtimekit.daily_stats WHERE app_id = $1)
			     WHEN $2 = 'recordings' THEN (SELECT count(*) FROM (SELECT 1 FROM realtimekit.recordings WHERE app_id = $1 LIMIT 1) AS r) END`,
			appID, endpoint, state.Failure != "").Scan(&stored)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO sync.endpoint_states
			(app_id, endpoint, asked_at, read_at, unavailable_at, asked_from, covered_from, last_error, run_id, stored_rows)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (app_id, endpoint) DO UPDATE SET asked_at = $3, read_at = $4, unavailable_at = $5,
			asked_from = $6, covered_from = $7, last_error = $8, run_id = $9,
			stored_rows = coalesce(excluded.stored_rows, sync.endpoint_states.stored_rows)`,
			appID, endpoint, warehouse.Time(state.AskedAt), warehouse.Time(state.ReadAt), warehouse.Time(state.UnavailableAt),
			dateArg(state.AskedFrom), dateArg(state.CoveredFrom), warehouse.Text(f.Text(state.Failure)), run.ID, stored)
		return err
	})
	return warehouse.Failed("keep how "+endpoint+" went", err)
}

func dateArg(day time.Time) pgtype.Date { return pgtype.Date{Time: day, Valid: !day.IsZero()} }

// ResolveDays closes the rejected days of an app, from the given one on, that a
// sound reading of these did not set aside again, as it did those with the given keys.
// A record that names no day may be of any: it is closed where no reading has asked for
// more.
func (s *Store) ResolveDays(ctx context.Context, appID string, from time.Time, aside []string) error {
	err := s.db.SendOne(ctx, `UPDATE sync.rejected_records SET resolved_at = now()
		WHERE app_id = $1 AND entity = 'daily_stats' AND resolved_at IS NULL AND record_key <> ALL ($2)
		  AND CASE WHEN record_key ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' THEN left(record_key, 10) COLLATE "C" >= $3::text
		           ELSE NOT EXISTS (SELECT FROM sync.endpoint_states
		                            WHERE app_id = $1 AND endpoint = 'daywise' AND asked_from < $3::date) END`,
		appID, append([]string{}, aside...), from.Format(time.DateOnly))
	return warehouse.Failed("resolve rejected days", err)
}

package inventory

import (
	"context"
	_ "embed"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

var (
	//go:embed sql/holdings.sql
	holdingsSQL string
	//go:embed sql/absent_participants.sql
	absentParticipantsSQL string
	//go:embed sql/absent_events.sql
	absentEventsSQL string
)

// Coverage tells how far the runs have come in an app.
func (s *Store) Coverage(ctx context.Context, appID string) (model.Coverage, error) {
	var asOf, mark pgtype.Timestamptz
	// A list that did not come to its end leaves discovered_at at the run before.
	err := s.pool.QueryRow(ctx, `SELECT CASE WHEN a.last_error IS NULL THEN coalesce(r.started_at, a.discovered_at) ELSE a.discovered_at END,
			a.watermark
		FROM sync.app_states AS a LEFT JOIN sync.runs AS r USING (run_id) WHERE a.app_id = $1`, appID).Scan(&asOf, &mark)
	if errors.Is(err, pgx.ErrNoRows) {
		return model.Coverage{}, nil
	}
	return model.Coverage{AsOf: asOf.Time, Watermark: mark.Time}, warehouse.Failed("read how far app "+appID+" is known", err)
}

// UnlistedApps gives the apps of an account that the warehouse holds, but those
// listed.
func (s *Store) UnlistedApps(ctx context.Context, accountID string, listed []string) ([]model.HeldApp, error) {
	rows, err := s.pool.Query(ctx, `SELECT a.app_id, coalesce(a.name, ''), 0, t.unlisted_at IS NOT NULL
		FROM realtimekit.apps AS a LEFT JOIN sync.app_states AS t ON t.app_id = a.app_id
		WHERE a.account_id = $1 AND a.app_id <> ALL (coalesce($2, '{}'::text[])) ORDER BY a.app_id`, accountID, listed)
	if err != nil {
		return nil, warehouse.Failed("read the stored apps", err)
	}
	apps, err := pgx.CollectRows(rows, pgx.RowToStructByPos[model.HeldApp])
	if err == nil && len(apps) > 0 {
		err = s.countSessions(ctx, apps)
	}
	return apps, warehouse.Failed("read the stored apps", err)
}

// Elsewhere gives the accounts of those sessions that are held under another account.
func (s *Store) Elsewhere(ctx context.Context, accountID string, ids []model.UUID) (map[model.UUID]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT t.session_id, a.account_id FROM sync.session_states AS t JOIN realtimekit.apps AS a ON a.app_id = t.app_id
		WHERE t.session_id = ANY ($1::uuid[]) AND a.account_id <> $2`, warehouse.UUIDs(ids), accountID)
	if err != nil {
		return nil, warehouse.Failed("read whose the sessions are", err)
	}
	accounts := make(map[model.UUID]string)
	var id model.UUID
	var account string
	_, err = pgx.ForEachRow(rows, []any{(*[16]byte)(&id), &account}, func() error {
		accounts[id] = account
		return nil
	})
	return accounts, warehouse.Failed("read whose the sessions are", err)
}

// countSessions counts those of each app, by itself: Citus joins no local table with a
// distributed one.
func (s *Store) countSessions(ctx context.Context, apps []model.HeldApp) error {
	place := make(map[string]int, len(apps))
	for i := range apps {
		place[apps[i].ID] = i
	}
	rows, err := s.pool.Query(ctx, `SELECT app_id, count(*) FROM realtimekit.sessions WHERE app_id = ANY ($1) GROUP BY 1`, slices.Collect(maps.Keys(place)))
	if err != nil {
		return err
	}
	var id string
	var sessions int
	_, err = pgx.ForEachRow(rows, []any{&id, &sessions}, func() error {
		apps[place[id]].Sessions = sessions
		return nil
	})
	return err
}

// FirstSession gives when the oldest session of an app in the warehouse began;
// zero where there is none.
func (s *Store) FirstSession(ctx context.Context, appID string) (time.Time, error) {
	var first pgtype.Timestamptz
	err := s.pool.QueryRow(ctx, `SELECT min(coalesce(started_at, created_at)) FROM realtimekit.sessions WHERE app_id = $1`, appID).
		Scan(&first)
	return first.Time.UTC(), warehouse.Failed("find the oldest session of app "+appID, err)
}

// NoteUnlisted keeps that the API does not list apps any more, which a run has just
// told of. That it lists one again is kept with its discovery.
func (s *Store) NoteUnlisted(ctx context.Context, run model.Run, ids []string) error {
	err := s.db.SendOne(ctx, `INSERT INTO sync.app_states AS t (app_id, account_id, unlisted_at, run_id)
		SELECT unnest($1::text[]), $2, now(), $3
		ON CONFLICT (app_id) DO UPDATE SET unlisted_at = now() WHERE t.unlisted_at IS NULL`, ids, run.AccountID, run.ID)
	return warehouse.Failed("note which apps are not listed", err)
}

// Holdings gives what the warehouse holds of an app's sessions created in
// [from, to), a zero time meaning open, and of those with the given ids. A
// session without any time lies in the ranges that are open at the start.
func (s *Store) Holdings(ctx context.Context, appID string, ids []model.UUID, from, to time.Time) ([]model.Holding, error) {
	rows, err := s.pool.Query(ctx, holdingsSQL, appID, warehouse.UUIDs(ids), warehouse.RangeStart(from), warehouse.RangeEnd(to))
	if err != nil {
		return nil, warehouse.Failed("read the stored sessions", err)
	}
	holdings, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (model.Holding, error) {
		var h model.Holding
		var id pgtype.UUID
		var most, minutes pgtype.Float8
		var started, ended, created, updated pgtype.Timestamptz
		v := &h.Session
		err := row.Scan(&id, &v.AppID, &h.Stored, &v.MeetingID, &v.MeetingTitle, &v.Type, &v.Status, &most, &minutes,
			&started, &ended, &created, &updated, &h.Participants, &h.SetAside, &h.EventsSetAside, &h.Erased, &h.Settled, &h.Gone, &h.Problem)
		v.ID = id.Bytes
		v.MaxConcurrent, v.MinutesConsumed = number(most), number(minutes)
		v.StartedAt, v.EndedAt, v.CreatedAt, v.UpdatedAt = started.Time, ended.Time, created.Time, updated.Time
		return h, err
	})
	return holdings, warehouse.Failed("read the stored sessions", err)
}

func number(f pgtype.Float8) model.Number { return model.Number{Value: f.Float64, Valid: f.Valid} }

// Absent tells what of a page of a session's participants the warehouse lacks, or holds with
// other values.
// Those of erased people are only counted.
func (s *Store) Absent(ctx context.Context, appID string, id model.UUID, page model.ParticipantPage) (model.Absent, error) {
	var absent model.Absent
	filter, err := s.db.Filter(ctx)
	if err != nil {
		return absent, err
	}
	absent.Erased = filter.Page(appID, &page).Participants
	batch := &pgx.Batch{}
	batch.Queue(absentParticipantsSQL, participantArgs(id, page.Participants)...).Query(func(rows pgx.Rows) error {
		var participant pgtype.UUID
		var lacking bool
		_, err := pgx.ForEachRow(rows, []any{&participant, &lacking}, func() error {
			if lacking {
				absent.Participants = append(absent.Participants, participant.Bytes)
			} else {
				absent.Changed++
			}
			return nil
		})
		return err
	})
	batch.Queue(absentEventsSQL, eventArgs(id, page.Events)...).QueryRow(func(row pgx.Row) error {
		return row.Scan(&absent.Events, &absent.EventsChanged)
	})
	err = s.pool.SendBatch(ctx, batch).Close()
	return absent, warehouse.Failed("compare session "+id.String(), err)
}

// participantArgs gives the arguments of absent_participants.sql.
func participantArgs(session model.UUID, of []model.Participant) []any {
	ids, minutes := make([][16]byte, len(of)), make([]pgtype.Float8, len(of))
	var times [3][]pgtype.Timestamptz
	var texts [4][]pgtype.Text
	for i := range of {
		p := &of[i]
		ids[i], minutes[i] = p.ID, warehouse.Number(p.DurationMinutes)
		for k, at := range []time.Time{p.UpdatedAt, p.JoinedAt, p.LeftAt} {
			times[k] = append(times[k], warehouse.Time(at))
		}
		for k, text := range []string{p.UserID, p.CustomParticipantID, p.PresetName, p.DisplayName} {
			texts[k] = append(texts[k], warehouse.Text(text))
		}
	}
	return []any{warehouse.UUID(session), ids, times[0], times[1], times[2], minutes, texts[0], texts[1], texts[2], texts[3]}
}

// eventArgs gives the arguments of absent_events.sql.
func eventArgs(session model.UUID, of []model.PeerEvent) []any {
	participants, ids := make([][16]byte, len(of)), make([][16]byte, len(of))
	names, peers, created := make([]pgtype.Text, len(of)), make([]pgtype.Text, len(of)), make([]pgtype.Timestamptz, len(of))
	for i := range of {
		e := &of[i]
		participants[i], ids[i] = e.ParticipantID, e.ID
		names[i], peers[i], created[i] = warehouse.Text(e.Name), warehouse.Text(e.PeerID), warehouse.Time(e.CreatedAt)
	}
	return []any{warehouse.UUID(session), participants, ids, names, peers, created}
}

// VerifyCheckpoint gives how far an unfinished verification of the same range and
// app has come; the zero value where there is none.
func (s *Store) VerifyCheckpoint(ctx context.Context, run model.Run, appID string, r model.VerifyRange) (model.VerifyCheckpoint, error) {
	var c model.VerifyCheckpoint
	var at pgtype.Timestamptz
	var differing []pgtype.UUID
	err := s.pool.QueryRow(ctx, `SELECT checkpoint, sessions_compared, differing_sessions FROM sync.verifications
		WHERE account_id = $1 AND app_id = $2 AND range_from = $3 AND range_to = $4 AND is_by_ids = $5`,
		run.AccountID, appID, warehouse.RangeStart(r.From), warehouse.RangeEnd(r.To), r.ByIDs).Scan(&at, &c.Compared, &differing)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, nil
	}
	c.At = at.Time.UTC()
	for _, id := range differing {
		c.Differing = append(c.Differing, id.Bytes)
	}
	return c, warehouse.Failed("read the checkpoint of app "+appID, err)
}

// SaveVerifyCheckpoint notes how far a verification has come, even when ctx has
// ended.
func (s *Store) SaveVerifyCheckpoint(ctx context.Context, run model.Run, appID string, r model.VerifyRange, c model.VerifyCheckpoint) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), warehouse.WriteTimeout)
	defer cancel()
	err := s.db.SendOne(ctx, `INSERT INTO sync.verifications
			(account_id, app_id, range_from, range_to, is_by_ids, checkpoint, sessions_compared, differing_sessions, saved_at, run_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), $9)
		ON CONFLICT (account_id, app_id, range_from, range_to, is_by_ids)
		DO UPDATE SET checkpoint = $6, sessions_compared = $7, differing_sessions = $8, saved_at = now(), run_id = $9`,
		run.AccountID, appID, warehouse.RangeStart(r.From), warehouse.RangeEnd(r.To), r.ByIDs, c.At, c.Compared, warehouse.UUIDs(c.Differing), run.ID)
	return warehouse.Failed("save the checkpoint of app "+appID, err)
}

// EndVerification forgets the checkpoints of a range that was compared in the
// given apps, nil for all, so that the same command begins anew. Those of other
// apps stay: a verification of theirs may still be under way.
func (s *Store) EndVerification(ctx context.Context, run model.Run, apps []string, r model.VerifyRange) error {
	err := s.db.SendOne(ctx, `DELETE FROM sync.verifications
		WHERE account_id = $1 AND range_from = $2 AND range_to = $3 AND is_by_ids = $4
			AND ($5::text[] IS NULL OR app_id = ANY ($5))`,
		run.AccountID, warehouse.RangeStart(r.From), warehouse.RangeEnd(r.To), r.ByIDs, apps)
	return warehouse.Failed("end the verification", err)
}

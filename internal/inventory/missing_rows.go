package inventory

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Rows go without a word: a table is truncated, lost in a restore, or not in a copy.
// Each run counts what is left of some sessions; where that is less than was stored
// it looks at all of them, and queues what is missing to be read, or computed, again.

var (
	//go:embed sql/missing_rows.sql
	missingRowsSQL string
	//go:embed sql/doubt_days.sql
	doubtDaysSQL string
	//go:embed sql/queue_sessions.sql
	queueSessionsSQL string
)

// checkBounds limit how much one statement looks at: sessions are taken until either
// number is reached, one at the least.
type checkBounds struct{ sessions, rows int }

// allAtOnce are those where all sessions are looked at.
var allAtOnce = checkBounds{sessions: 5_000, rows: 1_000_000}

// found is what one look found missing.
type found struct {
	last  pgtype.UUID // session that was looked at last
	isEnd bool        // there are no more

	lost                  []pgtype.UUID // sessions to read again
	apps, reasons         []string      // of lost
	usage                 []pgtype.UUID // sessions whose days are to be computed again
	meetingApps, meetings []string      // whose enrolment is to be read again
	reports               []pgtype.UUID // sessions whose peers are to be asked for again
	daywise               []string      // apps whose daily counts are to be read again
	total                 model.Lost
}

func (f *found) add(kind string, session pgtype.UUID, app, meeting, reason string, at pgtype.Timestamptz) {
	switch kind {
	case "session":
		f.lost, f.apps, f.reasons = append(f.lost, session), append(f.apps, app), append(f.reasons, reason)
		f.total.Sessions++
		if f.total.Example == "" {
			f.total.Example = "session " + model.UUID(session.Bytes).String() + ": " + reason
		}
	case "usage":
		f.usage = append(f.usage, session)
		f.total.Usage++
	case "enrolment":
		f.meetingApps, f.meetings = append(f.meetingApps, app), append(f.meetings, meeting)
		f.total.Meetings++
	case "peer-reports":
		f.reports = append(f.reports, session)
		f.total.PeerReports++
	case "daywise":
		f.daywise = append(f.daywise, app)
		f.total.DailyCounts++
	}
	if at.Valid && (f.total.Oldest.IsZero() || at.Time.Before(f.total.Oldest)) {
		f.total.Oldest = at.Time.UTC()
	}
}

// look makes one statement of the search, again where only the moment was wrong. A zero
// after begins with the first session.
func (s *Store) look(ctx context.Context, accountID string, after pgtype.UUID, most checkBounds) (f found, err error) {
	err = warehouse.Again(ctx, func(ctx context.Context) error {
		f, err = s.lookOnce(ctx, accountID, after, most)
		return err
	})
	return f, err
}

func (s *Store) lookOnce(ctx context.Context, accountID string, after pgtype.UUID, most checkBounds) (f found, err error) {
	answer, err := s.pool.Query(ctx, missingRowsSQL, accountID, after, most.sessions, most.rows)
	if err != nil {
		return f, warehouse.Failed("look for missing rows", err)
	}
	var kind string
	var session pgtype.UUID
	var app, meeting, reason pgtype.Text
	var at pgtype.Timestamptz
	var isEnd bool
	_, err = pgx.ForEachRow(answer, []any{&kind, &session, &app, &meeting, &at, &reason, &isEnd}, func() error {
		if kind == "place" {
			f.last, f.isEnd = session, isEnd
			return nil
		}
		f.add(kind, session, app.String, meeting.String, reason.String, at)
		return nil
	})
	return f, warehouse.Failed("look for missing rows", err)
}

// CheckRows looks for rows that were stored and are missing, and queues what they
// belong to: sessions, enrolment, daily counts and peer reports for this run and the
// next, days for the next refresh. It looks at some sessions, going on where the last
// run came to, and at all of them where something is missing or all is true. A crash
// in between leaves what was queued, and the rest to the next run.
func (s *Store) CheckRows(ctx context.Context, run model.Run, all bool) (lost model.Lost, err error) {
	if !all {
		f, err := s.look(ctx, run.AccountID, pgtype.UUID{}, s.check)
		if err != nil {
			return model.Lost{}, err
		}
		if !f.total.Any() {
			return model.Lost{}, s.moveOn(ctx, run, f)
		}
	}
	lost, err = s.lookAtAll(ctx, run.AccountID, func(f *found) error {
		return warehouse.Failed("queue what is missing", warehouse.Begin(ctx, s.pool, func(tx pgx.Tx) error { return f.queue(ctx, tx, run) }))
	})
	if err != nil {
		return lost, err
	}
	if err := s.db.SendOne(ctx, doubtDaysSQL, run.AccountID); err != nil {
		return lost, warehouse.Failed("compare the usage by day with its sessions", err)
	}
	err = s.db.SendOne(ctx, `INSERT INTO sync.checks (account_id, checked_at, round_at) VALUES ($1, now(), now())
		ON CONFLICT (account_id) DO UPDATE SET checked_to = NULL, checked_at = now(), round_at = now()`, run.AccountID)
	return lost, warehouse.Failed("note that all rows were looked at", err)
}

// moveOn keeps where the look came to, for the next one to begin there. Where something is
// missing all sessions are looked at; until then the place stays.
func (s *Store) moveOn(ctx context.Context, run model.Run, f found) error {
	err := s.db.SendOne(ctx, `INSERT INTO sync.checks (account_id, checked_to, checked_at, round_at)
		VALUES ($1, CASE WHEN NOT $3::boolean THEN $2::uuid END, now(), CASE WHEN $3 THEN now() END)
		ON CONFLICT (account_id) DO UPDATE
		SET checked_to = excluded.checked_to, checked_at = now(), round_at = coalesce(excluded.round_at, sync.checks.round_at)`, run.AccountID, f.last, f.isEnd)
	return warehouse.Failed("note which rows were looked at", err)
}

// FindLost looks at all sessions of an account and changes nothing.
func (s *Store) FindLost(ctx context.Context, accountID string) (model.Lost, error) {
	return s.lookAtAll(ctx, accountID, func(*found) error { return nil })
}

func (s *Store) lookAtAll(ctx context.Context, accountID string, each func(*found) error) (lost model.Lost, err error) {
	meetings, apps := make(map[[2]string]bool), make(map[string]bool)
	after := pgtype.UUID{Valid: true}
	for {
		f, err := s.look(ctx, accountID, after, allAtOnce)
		if err != nil {
			return lost, err
		}
		if f.total.Any() {
			if err := each(&f); err != nil {
				return lost, err
			}
		}
		// A meeting has sessions in several batches, and the apps are in each.
		for i := range f.meetings {
			meetings[[2]string{f.meetingApps[i], f.meetings[i]}] = true
		}
		for _, app := range f.daywise {
			apps[app] = true
		}
		lost.Add(f.total)
		lost.Meetings, lost.DailyCounts = len(meetings), len(apps)
		if f.isEnd || !f.last.Valid {
			return lost, nil
		}
		after = f.last
	}
}

// queue takes the locks of states first, as everywhere, in the order of the ids.
func (f *found) queue(ctx context.Context, tx pgx.Tx, run model.Run) error {
	for _, step := range []struct {
		sql  string
		args []any
		any  bool
	}{
		{queueSessionsSQL, []any{run.ID, f.lost, f.apps, f.reasons}, len(f.lost) > 0},
		{`UPDATE sync.session_states SET peers_asked_at = NULL WHERE session_id = ANY ($1::uuid[])`, []any{f.reports}, len(f.reports) > 0},
		{
			`UPDATE sync.peer_report_states AS r SET outcome = 'failed', attempts = 0, last_error = 'the report was stored and is missing'
			WHERE session_id = ANY ($1::uuid[]) AND outcome = 'stored' AND NOT EXISTS (
				SELECT 1 FROM realtimekit.peer_reports AS p
				WHERE p.session_id = r.session_id AND p.participant_id = r.participant_id AND p.peer_id = r.peer_id)`,
			[]any{f.reports},
			len(f.reports) > 0,
		},
		{`UPDATE sync.meeting_states AS t SET sessions_seen = NULL, sessions_digest = NULL, stored_people = NULL, attempts = 0, retry_at = NULL
			FROM unnest($1::text[], $2::text[]) AS k (app_id, meeting_id)
			WHERE t.app_id = k.app_id AND t.meeting_id = k.meeting_id`, []any{f.meetingApps, f.meetings}, len(f.meetings) > 0},
		{`UPDATE sync.endpoint_states SET read_at = NULL, asked_from = NULL, covered_from = NULL, stored_rows = NULL
			WHERE endpoint = 'daywise' AND app_id = ANY ($1)`, []any{f.daywise}, len(f.daywise) > 0},
		{warehouse.RecountSQL, []any{f.usage}, len(f.usage) > 0},
		{`INSERT INTO analytics.stale_sessions (session_id, started_at)
			SELECT session_id, started_at FROM realtimekit.sessions WHERE session_id = ANY ($1::uuid[])`, []any{f.usage}, len(f.usage) > 0},
	} {
		if !step.any {
			continue
		}
		if _, err := tx.Exec(ctx, step.sql, step.args...); err != nil {
			return err
		}
	}
	return nil
}

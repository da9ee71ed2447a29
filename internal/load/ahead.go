package load

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// isDistributed asks once whether Citus has the tables. Where it gets them later, sessions
// with new meetings wait for each other until this process ends.
func (s *Store) isDistributed(ctx context.Context, on interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
},
) (bool, error) {
	if known := s.distributed.Load(); known != nil {
		return *known, nil
	}
	distributed, err := warehouse.IsDistributed(ctx, on)
	if err == nil {
		s.distributed.Store(&distributed)
	}
	return distributed, warehouse.Failed("look whether the tables are distributed", err)
}

// meetingKey tells meetings apart.
type meetingKey struct{ app, meeting string }

// Expect makes the rows of the new apps and meetings of sessions that are about to be
// loaded, all in one transaction, where Citus has the tables: each that writes to every node
// costs as much as a small session does. On one server they are written with their sessions.
func (s *Store) Expect(ctx context.Context, run model.Run, sessions []model.Session) error {
	if len(sessions) == 0 {
		return nil
	}
	if distributed, err := s.isDistributed(ctx, s.pool); err != nil || !distributed {
		return err
	}
	return warehouse.Failed("store new meetings", warehouse.Again(ctx, func(ctx context.Context) error {
		return s.db.Filtered(ctx, func(tx pgx.Tx, _ *privacy.Filter) error { return insertMeetings(ctx, tx, run, newestOf(sessions)) })
	}))
}

// newestOf gives the newest session of each meeting, or the newest with a title.
func newestOf(sessions []model.Session) map[meetingKey]*model.Session {
	newest := make(map[meetingKey]*model.Session, len(sessions))
	for i := range sessions {
		s := &sessions[i]
		key := meetingKey{s.AppID, s.MeetingID}
		have := newest[key]
		if s.MeetingID != "" && (have == nil || have.MeetingTitle == "" || s.MeetingTitle != "" && s.CreatedAt.After(have.CreatedAt)) {
			newest[key] = s
		}
	}
	return newest
}

// insertMeetings makes the rows of those meetings that have none, and of their apps.
func insertMeetings(ctx context.Context, tx pgx.Tx, run model.Run, of map[meetingKey]*model.Session) error {
	keys := slices.SortedFunc(maps.Keys(of), func(a, b meetingKey) int {
		return cmp.Or(cmp.Compare(a.app, b.app), cmp.Compare(a.meeting, b.meeting))
	})
	apps, meetings := make([]string, len(keys)), make([]string, len(keys))
	for i, key := range keys {
		apps[i], meetings[i] = key.app, key.meeting
	}
	rows, err := tx.Query(ctx, unknownMeetingsSQL, apps, meetings)
	if err != nil {
		return err
	}
	apps, meetings = apps[:0], meetings[:0]
	var key meetingKey
	var titles []pgtype.Text
	if _, err = pgx.ForEachRow(rows, []any{&key.app, &key.meeting}, func() error {
		apps, meetings, titles = append(apps, key.app), append(meetings, key.meeting), append(titles, warehouse.Text(of[key].MeetingTitle))
		return nil
	}); err != nil || len(titles) == 0 {
		return err
	}
	for _, app := range slices.Compact(slices.Sorted(slices.Values(apps))) {
		if err := insertApp(ctx, tx, run, app); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, insertMeetingsSQL, apps, meetings, titles, run.ID)
	return err
}

// known is what the warehouse holds of a session's app and meeting. asked is false until it
// was looked at.
type known struct {
	asked, app, meeting bool
	title               pgtype.Text
}

// look queues the question that fills k.
func (k *known) look(batch *pgx.Batch, s *model.Session) {
	*k = known{asked: true}
	batch.Queue(knownSQL, s.AppID, s.MeetingID).QueryRow(func(row pgx.Row) error { return row.Scan(&k.app, &k.meeting, &k.title) })
}

// goAhead makes the rows of a new app or meeting in a transaction of its own, where Citus has
// the tables and Expect was not told of the session. Another session with the same new
// meeting waits until the transaction that makes the row has ended: it must not wait for the
// whole session.
func (l *sessionLoad) goAhead(ctx context.Context) error {
	l.ahead = known{}
	distributed, err := l.intake.store.isDistributed(ctx, l.intake.conn)
	if err != nil || !distributed || l.session.MeetingID == "" {
		return err
	}
	batch := &pgx.Batch{}
	l.ahead.look(batch, l.session)
	if err := l.intake.conn.SendBatch(ctx, batch).Close(); err != nil || l.ahead.app && l.ahead.meeting {
		return warehouse.Failed("look for its meeting", err)
	}
	l.ahead = known{} // another may have made the row, with a title of its own
	return warehouse.Failed("store its meeting", warehouse.Begin(ctx, l.intake.conn, func(tx pgx.Tx) error {
		// Somebody may have been erased since the session was read, whom the title names.
		if err := warehouse.HoldPrivacy(ctx, tx, l.intake.filter); err != nil {
			return err
		}
		return insertMeetings(ctx, tx, l.run, newestOf([]model.Session{*l.session}))
	}))
}

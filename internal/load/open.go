package load

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// open makes sure that nobody was erased since the pages were taken. It locks the session's
// state row, and makes that row and those of app, meeting and session where there are none.
func (l *sessionLoad) open(ctx context.Context, tx pgx.Tx) error {
	batch := &pgx.Batch{}
	outdated := false
	warehouse.QueuePrivacy(batch, l.intake.filter, &outdated)
	var readAt pgtype.Timestamptz
	batch.Queue(lockStateSQL, warehouse.UUID(l.session.ID), l.session.AppID, l.run.ID).QueryRow(func(row pgx.Row) error { return row.Scan(&readAt) })
	if l.known = l.ahead; !l.known.asked {
		l.known.look(batch, l.session)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if outdated {
		return warehouse.ErrOutdated
	}
	clock, err := l.openRow(ctx, tx, readAt.Valid)
	// A reading of the future, noted by an older version on a machine whose clock was ahead,
	// is no later one.
	l.stale = readAt.Valid && readAt.Time.After(l.readAt.Truncate(time.Microsecond)) && !readAt.Time.After(clock)
	return err
}

// openRow makes the session's row where there is none, and those of its app and
// meeting where they are new: nothing else of a session writes these. Of a session that was
// read before, the row is looked for first. It gives the server's clock, now that the
// state is locked.
func (l *sessionLoad) openRow(ctx context.Context, tx pgx.Tx, wasRead bool) (clock time.Time, err error) {
	batch := &pgx.Batch{}
	l.parents(batch)
	l.before, l.inserted, l.orphans, l.leftOver = place{}, false, false, false
	l.lookOrInsert(batch, wasRead)
	l.identity, l.zone = derive.Identity{}, zoneFor(l.session)
	batch.Queue(holdSettingsSQL, l.session.AppID)
	batch.Queue(identitySQL, l.session.AppID, warehouse.UUID(l.session.ID), l.zone.asked).QueryRow(func(row pgx.Row) error {
		i, z := &l.identity, &l.zone
		return row.Scan(&i.ByUser, &i.Nobody, &i.MachinePresets, &i.MachineNames, &z.name, &z.starts, &z.kept, &l.began, &clock)
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return clock, err
	}
	if !l.before.stored && !l.inserted { // lost, or its state was
		batch = &pgx.Batch{}
		l.lookOrInsert(batch, !wasRead)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return clock, err
		}
	}
	l.changed = l.inserted
	l.fresh = l.inserted && !l.orphans
	l.countRow()
	return clock, nil
}

// parents queues the rows of an app and a meeting that have none.
func (l *sessionLoad) parents(batch *pgx.Batch) {
	s := l.session
	l.title = l.known.title
	if !l.known.app {
		batch.Queue(insertAppSQL, s.AppID, l.run.AccountID, l.run.ID)
	}
	if s.MeetingID != "" && !l.known.meeting {
		l.title = warehouse.Text(s.MeetingTitle)
		batch.Queue(insertMeetingSQL, s.AppID, s.MeetingID, l.title, l.run.ID)
	}
}

// lookOrInsert queues the question where the session is stored, if look is true, else the
// statement that makes its row.
func (l *sessionLoad) lookOrInsert(batch *pgx.Batch, look bool) {
	id := warehouse.UUID(l.session.ID)
	if look {
		l.before.look(batch, id, l.columns())
		return
	}
	batch.Queue(insertSessionSQL, append([]any{id, l.run.ID}, l.columns()...)...).Exec(func(tag pgconn.CommandTag) error {
		l.inserted = tag.RowsAffected() == 1
		return nil
	})
	// Foreign keys forbid children of a session without a row, but a restore of
	// single tables or a replica may have them.
	batch.Queue(leftOverSQL, id).QueryRow(func(row pgx.Row) error { return row.Scan(&l.orphans, &l.leftOver) })
}

func (l *sessionLoad) countRow() {
	l.counts.session.Read++
	if l.inserted {
		l.counts.session.Inserted++
	}
	if len(l.session.Repairs) > 0 {
		l.counts.session.Repaired++
	}
}

// holdSettingsSQL keeps the settings of an app as they are until the session is stored:
// analytics.queue_settings, which takes the lock alone, would not see the session.
const holdSettingsSQL = `SELECT pg_advisory_xact_lock_shared(hashtextextended('rollcall:settings:' || $1, 0))`

// Where a table is large the question is for the first row in the order of an index. To answer
// EXISTS, the planner may read the table from its beginning until a row fits, and of a new
// session none does.
const leftOverSQL = `SELECT (SELECT session_id FROM realtimekit.participants WHERE session_id = $1 ORDER BY participant_id LIMIT 1) IS NOT NULL,
	EXISTS (SELECT 1 FROM analytics.session_figures WHERE session_id = $1) OR EXISTS (SELECT 1 FROM analytics.session_presences WHERE session_id = $1)
	OR (SELECT session_id FROM analytics.session_people WHERE session_id = $1 ORDER BY person_id LIMIT 1) IS NOT NULL
	OR (SELECT session_id FROM analytics.session_person_days WHERE session_id = $1 ORDER BY person_id, usage_date, piece_no LIMIT 1) IS NOT NULL`

// columns gives the session's own columns.
func (l *sessionLoad) columns() []any {
	s := l.session
	return []any{
		s.AppID, warehouse.Text(s.MeetingID), warehouse.Text(s.MeetingTitle), warehouse.Text(s.Type), warehouse.Text(s.Status),
		warehouse.Count(s.LiveParticipants), warehouse.Count(s.MaxConcurrent), warehouse.Number(s.MinutesConsumed),
		warehouse.Time(s.StartedAt), warehouse.Time(s.EndedAt), warehouse.Time(s.CreatedAt), warehouse.Time(s.UpdatedAt),
		warehouse.JSON(s.Extra), warehouse.JSON(s.Repairs.JSON()),
	}
}

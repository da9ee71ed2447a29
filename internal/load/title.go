package load

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// A transaction that changes a session holds the meeting to its end, shared with all
// others that leave its title as it is. Whoever changes the title holds it alone, and so
// sees the sessions of all others. Not the meeting's row is locked: that would be a write
// to a table that every node of a cluster holds.
const (
	shareMeetingSQL  = `SELECT pg_advisory_xact_lock_shared(hashtextextended('rollcall:meeting:' || $1 || ':' || $2, 0))`
	changeMeetingSQL = `SELECT pg_advisory_xact_lock(hashtextextended('rollcall:meeting:' || $1 || ':' || $2, 0))`
	meetingTitleSQL  = `SELECT title FROM realtimekit.meetings WHERE app_id = $1 AND meeting_id = $2`
)

// place is where a session is stored, and what of it decides the title of its meeting.
type place struct {
	stored         bool // at all
	same           bool // with the columns that were read
	meeting, title pgtype.Text
	createdAt      pgtype.Timestamptz
}

// look queues the question that fills p.
func (p *place) look(batch *pgx.Batch, id pgtype.UUID, columns []any) {
	*p = place{}
	batch.Queue(placeSQL, append([]any{id}, columns...)...).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&p.meeting, &p.title, &p.createdAt, &p.same)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		p.stored = err == nil
		return err
	})
}

// isMoved reports whether the session was stored before with another title, or elsewhere.
func (l *sessionLoad) isMoved() bool {
	s, b := l.session, l.before
	return b.meeting.String != s.MeetingID || b.title.String != s.MeetingTitle || !b.createdAt.Time.Equal(s.CreatedAt)
}

// meetingTitle gives the meeting the title of its newest session, in whatever order
// its sessions are loaded. A new session with the meeting's title changes nothing,
// whether it is the newest or not; nor does one without.
func (l *sessionLoad) meetingTitle(ctx context.Context, tx pgx.Tx) error {
	own := warehouse.Text(l.session.MeetingTitle)
	switch {
	case l.inserted && !own.Valid, !l.inserted && !l.isMoved():
		return nil
	case !l.inserted:
		return l.changeTitle(ctx, tx)
	case own == l.title:
		if err := l.lookAtTitle(ctx, tx, shareMeetingSQL, nil); err != nil || own == l.title {
			return err
		}
		return l.changeTitle(ctx, tx)
	}
	// Another's title may stand. That it will is only looked up before the lock, since two
	// who share the meeting and then both want it alone wait for each other.
	newest := l.title
	if err := l.lookAtTitle(ctx, tx, "", &newest); err != nil {
		return err
	}
	if newest == l.title {
		if err := l.lookAtTitle(ctx, tx, shareMeetingSQL, &newest); err != nil || newest == l.title {
			return err
		}
	}
	return l.changeTitle(ctx, tx)
}

// changeTitle waits for all who store a session of the meeting, and looks again. A meeting
// of which no session has a title keeps what it has.
func (l *sessionLoad) changeTitle(ctx context.Context, tx pgx.Tx) error {
	var newest pgtype.Text
	if err := l.lookAtTitle(ctx, tx, changeMeetingSQL, &newest); err != nil || !newest.Valid || newest == l.title {
		return err
	}
	_, err := tx.Exec(ctx, updateMeetingSQL, l.session.AppID, l.session.MeetingID, newest, l.run.ID)
	return err
}

// lookAtTitle looks for the meeting's title and, where asked, for that of the newest session
// that has one, behind the lock that is named.
func (l *sessionLoad) lookAtTitle(ctx context.Context, tx pgx.Tx, lock string, newest *pgtype.Text) error {
	appID, meetingID := l.session.AppID, l.session.MeetingID
	batch := &pgx.Batch{}
	if lock != "" {
		batch.Queue(lock, appID, meetingID)
	}
	batch.Queue(meetingTitleSQL, appID, meetingID).QueryRow(func(row pgx.Row) error { return row.Scan(&l.title) })
	if newest != nil {
		batch.Queue(warehouse.OneByOneSQL)
		batch.Queue(newestTitleSQL, appID, meetingID).QueryRow(func(row pgx.Row) error {
			if err := row.Scan(newest); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			return nil
		})
	}
	return tx.SendBatch(ctx, batch).Close()
}

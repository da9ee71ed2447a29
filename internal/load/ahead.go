package load

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// isDistributed asks once whether Citus has the tables. Where it gets them later, sessions
// with new meetings wait for each other until this process ends.
func (s *Store) isDistributed(ctx context.Context, conn *pgxpool.Conn) (bool, error) {
	if known := s.distributed.Load(); known != nil {
		return *known, nil
	}
	distributed, err := warehouse.IsDistributed(ctx, conn)
	if err == nil {
		s.distributed.Store(&distributed)
	}
	return distributed, err
}

// goAhead makes the rows of an app and a meeting that are new in a transaction of their own
// where Citus has the tables. They are written to every node, and whoever has new ones as
// well waits for the end of the transaction: it is not to be that of the whole session. On
// one server they are written with the session.
func (l *sessionLoad) goAhead(ctx context.Context) error {
	s := l.session
	distributed, err := l.intake.store.isDistributed(ctx, l.intake.conn)
	if err != nil || !distributed || s.MeetingID == "" {
		return warehouse.Failed("look whether the tables are distributed", err)
	}
	var appKnown, meetingKnown bool
	var title pgtype.Text
	err = l.intake.conn.QueryRow(ctx, knownSQL, s.AppID, s.MeetingID).Scan(&appKnown, &meetingKnown, &title)
	if err != nil || appKnown && meetingKnown {
		return warehouse.Failed("look for its meeting", err)
	}
	return warehouse.Failed("store its meeting", warehouse.Begin(ctx, l.intake.conn, func(tx pgx.Tx) error {
		return insertMeeting(ctx, tx, l.run, s, l.intake)
	}))
}

// insertMeeting makes the rows, unless somebody was erased since the session was read, whom
// the title may name.
func insertMeeting(ctx context.Context, tx pgx.Tx, run model.Run, s *model.Session, in *intake) error {
	if err := warehouse.HoldPrivacy(ctx, tx, in.filter); err != nil {
		return err
	}
	if err := insertApp(ctx, tx, run, s.AppID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, insertMeetingSQL, s.AppID, s.MeetingID, warehouse.Text(s.MeetingTitle), run.ID)
	return err
}

package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgcopy"
)

// Into the tables themselves rows go with the session and the run; the database
// adds the time. Into staging they go with seq, which tells copies of a record
// apart, and the pass in which they were listed.
var (
	copyParticipants  = participantTable.copyInto("realtimekit.participants", "session_id, run_id")
	copyEvents        = eventTable.copyInto("realtimekit.peer_events", "session_id, run_id")
	stageParticipants = participantTable.copyInto("pg_temp.staged_participants", "seq, pass")
	stageEvents       = eventTable.copyInto("pg_temp.staged_peer_events", "seq, pass")
	stageRejected     = rejectedTable.copyInto("pg_temp.staged_rejected_records", "seq, pass")
)

// copyToStaging copies the rows that have to be written.
func (in *intake) copyToStaging(ctx context.Context, conn *pgx.Conn) error {
	if err := copyRows(ctx, conn, stageParticipants, in.held.participants, in.beforeStaged(participantTable.copied())); err != nil {
		return err
	}
	return copyRows(ctx, conn, stageEvents, in.held.events, in.beforeStaged(eventTable.copied()))
}

func (in *intake) beforeStaged(columns uint16) func(*pgcopy.Encoder) {
	return func(e *pgcopy.Encoder) {
		in.seq++
		e.Columns(columns)
		e.Int64(in.seq)
		e.Int64(int64(in.pass))
	}
}

// copyRejected copies the rejected records that are in memory.
func (in *intake) copyRejected(ctx context.Context, conn *pgx.Conn) error {
	encoded := &rows{}
	for i := range in.rejected {
		encoded.rejected(&in.rejected[i])
	}
	return copyRows(ctx, conn, stageRejected, encoded, in.beforeStaged(rejectedTable.copied()))
}

// copyToTables copies all rows of a session of which the tables hold none.
func (in *intake) copyToTables(ctx context.Context, conn *pgx.Conn, session model.UUID, runID int64) error {
	before := func(columns uint16) func(*pgcopy.Encoder) {
		return func(e *pgcopy.Encoder) {
			e.Columns(columns)
			e.UUID(session)
			e.Int64(runID)
		}
	}
	// Participants first: the events' foreign key asks for them.
	if err := copyNew(ctx, conn, copyParticipants, in.held.participants, before(participantTable.copied())); err != nil {
		return fmt.Errorf("add participants: %w", err)
	}
	if err := copyNew(ctx, conn, copyEvents, in.held.events, before(eventTable.copied())); err != nil {
		return fmt.Errorf("add peer events: %w", err)
	}
	return nil
}

// copyNew copies all rows, behind what before writes.
func copyNew(ctx context.Context, conn *pgx.Conn, sql string, r *rows, before func(*pgcopy.Encoder)) error {
	return pgcopy.TwoPasses(ctx, conn.PgConn(), sql, r.sorted(), func(e *pgcopy.Encoder, k *keyed) {
		before(e)
		*e = append(*e, r.row(int(k.row))...)
	})
}

// copyRows copies the rows that are left, behind what before writes.
func copyRows(ctx context.Context, conn *pgx.Conn, sql string, r *rows, before func(*pgcopy.Encoder)) error {
	return pgcopy.Into(ctx, conn.PgConn(), sql, r.left, newCopyStream(r, before))
}

package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Columns that the API gives, in the order in which rows are encoded.
const (
	participantColumns = `participant_id, user_id, custom_participant_id, display_name, preset_name,
		joined_at, left_at, duration_minutes, created_at, updated_at, extra, repairs`
	rejectedColumns = `entity, app_id, session_id, record_key, reason, raw_text`
	eventColumns    = `participant_id, event_id, event_name, peer_id, socket_session_id, preset_view_type,
		minutes_consumed, created_at, updated_at, own_ids, extra, repairs`
)

// Into the tables themselves rows go with the session and the run; the database
// adds the time. Into staging they go with seq, which tells copies of a record
// apart, and the pass in which they were listed.
const (
	copyParticipants  = `COPY realtimekit.participants (session_id, run_id, ` + participantColumns + `) FROM STDIN (FORMAT binary)`
	copyEvents        = `COPY realtimekit.peer_events (session_id, run_id, ` + eventColumns + `) FROM STDIN (FORMAT binary)`
	stageParticipants = `COPY pg_temp.staged_participants (seq, pass, ` + participantColumns + `) FROM STDIN (FORMAT binary)`
	stageEvents       = `COPY pg_temp.staged_peer_events (seq, pass, ` + eventColumns + `) FROM STDIN (FORMAT binary)`
	stageRejected     = `COPY pg_temp.staged_rejected_records (seq, pass, ` + rejectedColumns + `) FROM STDIN (FORMAT binary)`

	copiedParticipantColumns = 14
	copiedEventColumns       = 14
	copiedRejectedColumns    = 8
)

// copyToStaging copies the rows that have to be written.
func (in *intake) copyToStaging(ctx context.Context, conn *pgx.Conn) error {
	if err := copyRows(ctx, conn, stageParticipants, in.held.participants, in.beforeStaged(copiedParticipantColumns)); err != nil {
		return err
	}
	return copyRows(ctx, conn, stageEvents, in.held.events, in.beforeStaged(copiedEventColumns))
}

func (in *intake) beforeStaged(columns uint16) func(*encoder) {
	return func(e *encoder) {
		in.seq++
		e.columns(columns)
		e.int64(in.seq)
		e.int64(int64(in.pass))
	}
}

// copyRejected copies the rejected records that are in memory.
func (in *intake) copyRejected(ctx context.Context, conn *pgx.Conn) error {
	encoded := &rows{}
	for i := range in.rejected {
		encoded.rejected(&in.rejected[i])
	}
	return copyRows(ctx, conn, stageRejected, encoded, in.beforeStaged(copiedRejectedColumns))
}

// copyToTables copies all rows of a session of which the tables hold none.
func (in *intake) copyToTables(ctx context.Context, conn *pgx.Conn, session model.UUID, runID int64) error {
	before := func(columns uint16) func(*encoder) {
		return func(e *encoder) {
			e.columns(columns)
			e.uuid(session)
			e.int64(runID)
		}
	}
	// Participants first: the events' foreign key asks for them.
	if err := copyRows(ctx, conn, copyParticipants, in.held.participants, before(copiedParticipantColumns)); err != nil {
		return fmt.Errorf("add participants: %w", err)
	}
	if err := copyRows(ctx, conn, copyEvents, in.held.events, before(copiedEventColumns)); err != nil {
		return fmt.Errorf("add peer events: %w", err)
	}
	return nil
}

func copyRows(ctx context.Context, conn *pgx.Conn, sql string, r *rows, before func(*encoder)) error {
	if r.left == 0 {
		return nil
	}
	tag, err := conn.PgConn().CopyFrom(ctx, newCopyStream(r, before), sql)
	if err != nil {
		return err
	}
	if tag.RowsAffected() != int64(r.left) {
		return fmt.Errorf("%d of %d rows arrived", tag.RowsAffected(), r.left)
	}
	return nil
}

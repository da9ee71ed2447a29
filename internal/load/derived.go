package load

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgcopy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// What a session's rows say is derived here and copied beside them, where the rows in
// hand are all that is stored and the session has ended. Anything else is left to the
// function analytics.derive, which does the same from what is stored.
const (
	copyPresences = `COPY analytics.session_presences (session_id, participant_ids, presence_nos, joined_at, left_at, left_at_kinds, is_by_events, is_cut,
		preset_view_types, peer_ids) FROM STDIN (FORMAT binary)`
	copyPeople = `COPY analytics.session_people (session_id, first_join_at, last_leave_at, present_seconds, session_share, visits, participants,
		is_inside, has_open_presence, has_row_presence, is_split, person_id, custom_participant_id, display_name, preset_name, preset_view_type,
		presence, custom_ids, user_id, is_guest, is_contradicted) FROM STDIN (FORMAT binary)`
	copyPieces = `COPY analytics.session_person_days (session_id, person_id, usage_date, piece_no, preset_name, preset_view_type, presence) FROM STDIN (FORMAT binary)`

	presencesColumns = 10
	personColumns    = 21
	pieceColumns     = 7
)

// derive copies what is derived of a session, where that can be told from the rows in memory.
func (l *sessionLoad) derive(ctx context.Context, tx pgx.Tx) error {
	l.derived, l.mirrored = nil, false
	start := startOf(l.session)
	days, known := l.zone.days()
	if l.leftOver && l.fresh || !known || start.IsZero() || l.session.EndedAt.IsZero() || l.session.EndedAt.Before(start) || !l.intake.whole(l.reading.LastPass) {
		return nil
	}
	if !l.fresh {
		if l.mirrored = l.isMirror(); !l.mirrored {
			return nil
		}
	}
	s := &derive.Session{
		StartsAt: fromTime(start), EndsAt: fromTime(l.session.EndedAt),
		Repaired: len(l.session.Repairs) > 0, Identity: l.identity, Zone: days,
	}
	l.intake.held.decode(s)
	d := derive.From(s)
	if l.mirrored {
		if err := l.forget(ctx, tx, d.People); err != nil {
			return fmt.Errorf("take what was derived before: %w", err)
		}
	}
	conn, to := tx.Conn().PgConn(), derivedRows{l.session.ID, s.Participants}
	if err := pgcopy.Rows(ctx, conn, copyPresences, packed(d.Presences), to.presences); err != nil {
		return fmt.Errorf("add presences: %w", err)
	}
	if err := pgcopy.TwoPasses(ctx, conn, copyPeople, d.People, to.person); err != nil {
		return fmt.Errorf("add people: %w", err)
	}
	if err := pgcopy.TwoPasses(ctx, conn, copyPieces, d.Pieces, to.piece); err != nil {
		return fmt.Errorf("add days of people: %w", err)
	}
	l.derived = &d.Figures
	return nil
}

// figures queues the row of the session's figures.
func (l *sessionLoad) figures(batch *pgx.Batch) {
	s, f := l.session, l.derived
	args := []any{
		warehouse.UUID(s.ID), s.AppID, warehouse.Text(s.MeetingID), warehouse.Text(s.MeetingTitle), warehouse.Text(s.Type), warehouse.Text(s.Status),
		warehouse.Time(startOf(s)), warehouse.Time(s.EndedAt), warehouse.Count(s.MaxConcurrent), warehouse.Number(s.MinutesConsumed),
		f.People, f.Participants, f.PeakPeople, f.PeakParticipants, seconds(f.PersonTime), seconds(f.ParticipantTime),
		pgtype.Float8{Float64: float64(f.AverageShare) / 1e4, Valid: f.AverageShare >= 0},
		f.Rejoins, moment(f.FirstJoinAt), moment(f.LastLeaveAt),
		f.Open, f.Presences, f.Cut, f.AssumedLeavings, f.LoneJoinings, f.LoneLeavings, f.Repaired, f.Inverted, f.Timeless, f.SharedIDs,
	}
	batch.Queue(insertFiguresSQL, slices.Concat(args, curveArgs(f.Curve), dayArgs(f.Days), presetArgs(f.Presets), []any{
		l.zone.name, pgtype.Int8{Int64: int64(f.PeakWithMachines), Valid: f.PeakWithMachines != f.PeakParticipants},
	})...)
}

func curveArgs(curve []derive.Step) []any {
	n := len(curve)
	at, people, participants := make([]time.Time, n), make([]int, n), make([]int, n)
	for i, step := range curve {
		at[i], people[i], participants[i] = toTime(step.At), step.People, step.Participants
	}
	return []any{at, people, participants}
}

func dayArgs(all []derive.Day) []any {
	n := len(all)
	days, people, present := make([]pgtype.Date, n), make([]int, n), make([]derive.Time, n)
	for i, d := range all {
		days[i], people[i], present[i] = warehouse.Day(d.Day), d.People, d.Present
	}
	return []any{days, people, present}
}

func presetArgs(all []derive.PresetDay) []any {
	n := len(all)
	days, names, viewTypes := make([]pgtype.Date, n), make([]pgtype.Text, n), make([]pgtype.Text, n)
	people, personTime, participants, participantTime := make([]int, n), make([]derive.Time, n), make([]int, n), make([]derive.Time, n)
	for i := range all {
		p := &all[i]
		days[i], names[i], viewTypes[i] = warehouse.Day(p.Day), warehouse.Text(p.Preset), warehouse.Text(p.ViewType)
		people[i], personTime[i], participants[i], participantTime[i] = p.People, p.PersonTime, p.Participants, p.ParticipantTime
	}
	return []any{days, names, viewTypes, people, personTime, participants, participantTime}
}

// seconds gives microseconds as Postgres gives them.
func seconds(t derive.Time) float64 { return float64(t) / 1e6 }

// startOf gives when a session began, or was made where it does not say so.
func startOf(s *model.Session) time.Time {
	if s.StartedAt.IsZero() {
		return s.CreatedAt
	}
	return s.StartedAt
}

func fromTime(t time.Time) derive.Time { return t.UnixMicro() - pgcopy.Epoch }

func toTime(t derive.Time) time.Time { return time.UnixMicro(t + pgcopy.Epoch).UTC() }

func moment(t derive.Time) pgtype.Timestamptz {
	if t == derive.None {
		return pgtype.Timestamptz{}
	}
	return pgtype.Timestamptz{Time: toTime(t), Valid: true}
}

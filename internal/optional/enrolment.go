package optional

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// DueMeetings gives the meetings of an app that have a new session, or one that
// ended, since their enrolment was last read: newest first, most of them at
// once, those last that are to be left alone for now.
func (s *Store) DueMeetings(ctx context.Context, appID string, most int) ([]model.DueMeeting, error) {
	rows, err := s.pool.Query(ctx, dueMeetingsSQL, appID, most)
	if err != nil {
		return nil, warehouse.Failed("find the meetings to read", err)
	}
	due, err := pgx.CollectRows(rows, pgx.RowToStructByPos[model.DueMeeting])
	return due, warehouse.Failed("find the meetings to read", err)
}

// SaveMeetings writes the records of meetings that have a row; unchanged ones
// are not touched.
func (s *Store) SaveMeetings(ctx context.Context, run model.Run, meetings []model.Meeting) (model.RowCounts, error) {
	counts := model.RowCounts{Read: len(meetings)}
	if len(meetings) == 0 {
		return counts, nil
	}
	text, err := recordsJSON(&counts, meetings, func(m *model.Meeting) (record, model.Provenance) {
		r := record{"app_id": m.AppID, "meeting_id": m.ID}
		r.text("configured_title", m.Title)
		r.text("status", m.Status)
		r.flag("record_on_start", m.RecordOnStart)
		r.flag("persist_chat", m.PersistChat)
		r.flag("live_stream_on_start", m.LiveStreamOnStart)
		r.flag("transcribe_on_end", m.TranscribeOnEnd)
		r.flag("summarize_on_end", m.SummarizeOnEnd)
		r.count("session_keep_alive_seconds", m.SessionKeepAliveSeconds)
		r.time("created_at", m.CreatedAt)
		r.time("updated_at", m.UpdatedAt)
		return r, m.Provenance
	})
	if err != nil {
		return counts, err
	}
	err = s.sendAgain(ctx, func(batch *pgx.Batch) {
		batch.Queue(saveMeetingsSQL, run.ID, text).Exec(func(tag pgconn.CommandTag) error {
			counts.Updated = int(tag.RowsAffected())
			return nil
		})
	})
	counts.Unchanged = counts.Read - counts.Updated
	if err == nil {
		s.db.Tell(model.EntityMeeting, counts)
	}
	return counts, warehouse.Failed("store the meetings", err)
}

// SavePeople writes one page of the people enrolled in a meeting. A page is
// committed by itself: every row of it is true whatever becomes of the next.
func (s *Store) SavePeople(ctx context.Context, run model.Run, appID, meetingID string, people []model.MeetingParticipant) (model.RowCounts, error) {
	if len(people) == 0 {
		return model.RowCounts{}, nil
	}
	var counts model.RowCounts
	err := s.filteredAgain(ctx, func(tx pgx.Tx, f *privacy.Filter) (err error) {
		kept, listed := f.People(appID, slices.Clone(people)) // a copy: another try has to begin anew
		if err := erasure.LateEnrolled(ctx, tx, s.db.Key(), appID, meetingID, listed); err != nil {
			return fmt.Errorf("erase who was recognised late: %w", err)
		}
		counts, err = savePeople(ctx, tx, run, appID, meetingID, kept)
		return err
	})
	if err == nil {
		s.db.Tell(model.EntityMeetingParticipant, counts)
	}
	return counts, warehouse.Failed("store the people enrolled in meeting "+meetingID, err)
}

func savePeople(ctx context.Context, tx pgx.Tx, run model.Run, appID, meetingID string, people []model.MeetingParticipant) (model.RowCounts, error) {
	counts := model.RowCounts{Read: len(people)}
	text, err := recordsJSON(&counts, people, func(p *model.MeetingParticipant) (record, model.Provenance) {
		r := record{"meeting_participant_id": p.ID}
		r.text("custom_participant_id", p.CustomParticipantID)
		r.text("display_name", p.DisplayName)
		r.text("preset_name", p.PresetName)
		r.time("created_at", p.CreatedAt)
		r.time("updated_at", p.UpdatedAt)
		return r, p.Provenance
	})
	if err != nil {
		return counts, err
	}
	err = tx.QueryRow(ctx, savePeopleSQL, run.ID, appID, meetingID, text).Scan(&counts.Inserted, &counts.Updated)
	counts.Unchanged = max(counts.Read-counts.Inserted-counts.Updated, 0)
	return counts, err
}

// EndEnrolment closes the reading of a meeting's enrolment: people that a full
// one did not list are marked as removed, and the meeting is not due again until
// its sessions change. A crash before leaves it due. It gives how many people
// were marked.
func (s *Store) EndEnrolment(ctx context.Context, run model.Run, e model.Enrolment) (removed int, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), warehouse.WriteTimeout)
	defer cancel()
	err = s.filteredAgain(ctx, func(tx pgx.Tx, f *privacy.Filter) error {
		if e.Full() {
			listed := append([]string{}, f.Listed(e.Listed)...)
			var before pgtype.Timestamptz
			err := tx.QueryRow(ctx, `SELECT read_at FROM sync.meeting_states WHERE app_id = $1 AND meeting_id = $2`, e.AppID, e.Meeting.ID).Scan(&before)
			if err != nil && !errors.Is(err, pgx.ErrNoRows) {
				return fmt.Errorf("look when it was read before: %w", err)
			}
			tag, err := tx.Exec(ctx, removePeopleSQL, run.ID, e.AppID, e.Meeting.ID, listed, before)
			if err != nil {
				return fmt.Errorf("mark people as removed: %w", err)
			}
			removed = int(tag.RowsAffected())
			if _, err := tx.Exec(ctx, resolveEnrolmentSQL, e.AppID, e.Meeting.ID, append([]string{}, e.Aside...)); err != nil {
				return fmt.Errorf("resolve rejected records: %w", err)
			}
		}
		var announced *int
		if e.Announced >= 0 {
			announced = &e.Announced
		}
		_, err := tx.Exec(ctx, saveMeetingStateSQL, run.ID, e.AppID, e.Meeting.ID, e.Meeting.Sessions, e.Meeting.Ended,
			e.Distinct, announced, warehouse.Text(f.Text(e.Failure)), e.Absence, e.Empty, e.Meeting.Digest)
		return err
	})
	if err == nil {
		s.db.Tell(model.EntityMeetingParticipant, model.RowCounts{Updated: removed})
	}
	return removed, warehouse.Failed("close the enrolment of meeting "+e.Meeting.ID, err)
}

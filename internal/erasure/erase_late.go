package erasure

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// A reading may show that a row which is stored already is that of somebody who was
// erased: the vendor gives a custom id late, or corrects it. The row goes, or gets
// its pseudonym, in the transaction that stores the reading.

// mayNotErase names the command where an error says that the role lacks the right.
func mayNotErase(err error, mode privacy.Mode, flag string, ids []string) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pg.Code != "42501" {
		return err
	}
	const most = 20 // an error is a sentence; the next reading names the others
	command := "rollcall erase"
	if mode == privacy.Pseudonymise {
		command += " --pseudonymise"
	}
	return fmt.Errorf("%w: as the role that ran rollcall migrate up, run %s %s %s --yes",
		warehouse.ErrMayNotErase, command, flag, strings.Join(ids[:min(len(ids), most)], " "+flag+" "))
}

// Late does so for the participants of a session, and for those enrolled in its
// meeting under the same ids. people are the erased of whom the reading had a record.
func Late(ctx context.Context, tx pgx.Tx, key *privacy.Key, session *model.Session, people []privacy.Erased) error {
	ids := make(map[privacy.Mode][]string)
	for _, p := range people {
		ids[p.Mode] = append(ids[p.Mode], p.ID.String())
	}
	for mode, ids := range ids {
		w := &erasure{Erasure: Erasure{Mode: mode}, key: key, tx: tx}
		rows, err := tx.Query(ctx, `SELECT `+personColumns+`
			WHERE p.session_id = $1 AND p.participant_id = ANY ($2::uuid[])`, warehouse.UUID(session.ID), ids)
		if err != nil {
			return err
		}
		if w.rows, err = pgx.CollectRows(rows, scanPersonRow); err != nil {
			return err
		}
		if len(w.rows) == 0 {
			continue
		}
		nobody, err := finder{w}.nobody(ctx, session.AppID)
		if err != nil {
			return err
		}
		var stored, users []string
		for i := range w.rows {
			p := &w.rows[i].participant
			stored = append(stored, p.ID.String())
			if !nobody[personKey{session.AppID, p.UserID}] {
				users = append(users, p.UserID)
			}
		}
		if err = w.reports(ctx); err == nil {
			err = w.participants(ctx)
		}
		if err != nil {
			return mayNotErase(err, mode, "--participant-id", stored)
		}
		if err := LateEnrolled(ctx, tx, w.key, session.AppID, session.MeetingID, map[privacy.Mode][]string{mode: users}); err != nil {
			return err
		}
		if err := w.excuses(ctx, nil); err != nil {
			return mayNotErase(err, mode, "--participant-id", stored)
		}
	}
	return nil
}

// LateEnrolled does so for the people enrolled in a meeting.
func LateEnrolled(ctx context.Context, tx pgx.Tx, key *privacy.Key, appID, meetingID string, listed map[privacy.Mode][]string) error {
	for mode, ids := range listed {
		w := &erasure{Erasure: Erasure{Mode: mode}, key: key, tx: tx}
		rows, err := tx.Query(ctx, `SELECT `+enrolledColumns+`
			WHERE app_id = $1 AND meeting_id = $2 AND meeting_participant_id = ANY ($3)`, appID, meetingID, ids)
		if err != nil {
			return err
		}
		if err := (finder{w}).collectPeople(rows); err != nil {
			return err
		}
		if len(w.people) == 0 {
			continue
		}
		stored := make([]string, len(w.people))
		for i := range w.people {
			stored[i] = fmt.Sprintf("%q", w.people[i].ID)
		}
		if err = w.enrolments(ctx); err == nil {
			err = w.excuses(ctx, nil)
		}
		if err != nil {
			return mayNotErase(err, mode, "--user-id", stored)
		}
	}
	return nil
}

// meetingKey names a meeting.
type meetingKey struct{ appID, meetingID string }

type personRow struct {
	session     model.UUID
	appID       string
	participant model.Participant
}

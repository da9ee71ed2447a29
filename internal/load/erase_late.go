package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
)

// A reading may show that a row which is stored already is that of somebody who was
// erased: the vendor gives a custom id late, or corrects it. The erasure is then
// carried on, in a transaction of its own, before the reading is stored. A crash in
// between leaves the reading to be made again.

// eraseStored erases those of the people whose key, the text of an identifier, is
// among what is stored. It gives errOutdated where it erased somebody: what was
// filtered before is to be filtered anew.
func (s *Store) eraseStored(ctx context.Context, run model.Run, appID string, people []privacy.Erased, key func(*privacy.Erased) string, rows pgx.Rows, err error) error {
	if err != nil {
		return storeError("look for people who were erased", err)
	}
	stored, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(stored) == 0 {
		return storeError("look for people who were erased", err)
	}
	for _, mode := range []privacy.Mode{privacy.Pseudonymise, privacy.Remove} {
		e := Erasure{AppID: appID, Mode: mode, Version: run.Version}
		for i := range people {
			if p := &people[i]; p.Mode == mode && slices.Contains(stored, key(p)) {
				e.add(p)
			}
		}
		if len(e.UserIDs)+len(e.ParticipantIDs) == 0 {
			continue
		}
		if _, err := s.Erase(ctx, e); err != nil {
			return lateError(err, e)
		}
		s.logger.InfoContext(ctx, "people who were erased earlier turned out to be stored under another identifier: erased as well",
			"app_id", appID, "people", len(stored))
	}
	return errOutdated
}

func (e *Erasure) add(p *privacy.Erased) {
	if p.UserID != "" {
		e.UserIDs = append(e.UserIDs, p.UserID)
	}
	if !p.ParticipantID.IsZero() {
		e.ParticipantIDs = append(e.ParticipantIDs, p.ParticipantID)
	}
}

// lateError explains where the role of the run may not erase: that concerns this
// reading and no other.
func lateError(err error, e Erasure) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pg.Code != "42501" {
		return err
	}
	flags := []string{"--app", e.AppID}
	for _, id := range e.ParticipantIDs {
		flags = append(flags, "--participant-id", id.String())
	}
	for _, id := range e.UserIDs {
		flags = append(flags, "--user-id", id)
	}
	if e.Mode == privacy.Pseudonymise {
		flags = append(flags, "--pseudonymise")
	}
	return fmt.Errorf("somebody who was erased is stored under another identifier, and this role may not erase; as the role that ran rollcall migrate up: rollcall erase %s --yes",
		strings.Join(flags, " "))
}

// eraseParticipants is eraseStored for the participants of a session.
func (s *Store) eraseParticipants(ctx context.Context, run model.Run, session *model.Session, people []privacy.Erased) error {
	if len(people) == 0 {
		return nil
	}
	key := func(p *privacy.Erased) string { return p.ParticipantID.String() }
	rows, err := s.pool.Query(ctx, `SELECT participant_id::text FROM realtimekit.participants
		WHERE session_id = $1 AND participant_id = ANY ($2::uuid[])`, uuidArg(session.ID), keysOf(people, key))
	return s.eraseStored(ctx, run, session.AppID, people, key, rows, err)
}

// eraseEnrolled is eraseStored for the people enrolled in a meeting.
func (s *Store) eraseEnrolled(ctx context.Context, run model.Run, appID, meetingID string, people []privacy.Erased) error {
	if len(people) == 0 {
		return nil
	}
	key := func(p *privacy.Erased) string { return p.UserID }
	rows, err := s.pool.Query(ctx, `SELECT meeting_participant_id FROM realtimekit.meeting_participants
		WHERE app_id = $1 AND meeting_id = $2 AND meeting_participant_id = ANY ($3)`, appID, meetingID, keysOf(people, key))
	return s.eraseStored(ctx, run, appID, people, key, rows, err)
}

func keysOf(people []privacy.Erased, key func(*privacy.Erased) string) []string {
	keys := make([]string, len(people))
	for i := range people {
		keys[i] = key(&people[i])
	}
	return keys
}

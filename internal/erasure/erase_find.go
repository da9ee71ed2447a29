package erasure

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// finder finds whom an erasure concerns.
type finder struct{ *erasure }

// find gathers the rows of the person. It goes from a custom id, which is your
// own system's, to the user_ids that the vendor gave for it, one a meeting, but
// not the other way: whoever gives a user_id means that enrolment.
func (w finder) find(ctx context.Context) error {
	if err := w.checkApp(ctx); err != nil {
		return err
	}
	w.customs = make(map[string]bool)
	for _, id := range w.values(privacy.CustomID, w.CustomIDs) {
		w.customs[id] = true
	}
	w.users = make(map[string]bool)
	for _, id := range w.UserIDs {
		w.users[id] = true
	}
	nobody, err := w.nobody(ctx, w.AppID)
	if err != nil {
		return err
	}
	if err := w.readAside(ctx, nobody); err != nil {
		return err
	}
	for {
		known := len(w.UserIDs)
		if err := w.findRows(ctx); err != nil {
			return err
		}
		if err := w.findPeople(ctx); err != nil {
			return err
		}
		for i := range w.rows {
			if r := &w.rows[i]; w.isGiven(r.participant.CustomParticipantID) && !nobody[personKey{r.appID, r.participant.UserID}] {
				w.addUser(r.participant.UserID)
			}
		}
		for i := range w.people {
			if p := &w.people[i]; w.isGiven(p.CustomParticipantID) && !nobody[personKey{w.homes[i].appID, p.ID}] {
				w.addUser(p.ID)
			}
		}
		for _, i := range w.aside {
			if w.isGiven(i.CustomID) {
				w.addUser(i.UserID)
			}
		}
		if len(w.UserIDs) == known {
			break
		}
	}
	if err := w.findPeers(ctx); err != nil {
		return err
	}
	return w.findRelated(ctx)
}

// checkApp refuses an app that is not there: a slip of the pen would erase nobody
// and look as if it had.
func (w finder) checkApp(ctx context.Context) error {
	var known bool
	err := w.tx.QueryRow(ctx, `SELECT $1 = '' OR EXISTS (SELECT 1 FROM realtimekit.apps WHERE app_id = $1)`, w.AppID).Scan(&known)
	if err == nil && !known {
		err = fmt.Errorf("%w: --app: there is no app %q in the warehouse", model.ErrUsage, w.AppID)
	}
	return err
}

// addUser adds a user_id to those that are erased, once. A map keeps that fast: a person has a
// user_id in each meeting, and a whole class may be erased at once.
func (w finder) addUser(id string) {
	if id != "" && !w.users[id] {
		w.users[id], w.UserIDs = true, append(w.UserIDs, id)
	}
}

// isGiven reports whether a row's custom id is one that was given, or the
// pseudonym of one.
func (w finder) isGiven(custom string) bool { return custom != "" && w.customs[custom] }

// values gives the forms in which identifiers may be stored: as they are, a UUID
// in either case, and as the pseudonym of an earlier erasure.
func (w finder) values(kind privacy.Kind, ids []string) []string {
	out := make([]string, 0, 3*len(ids))
	for _, id := range ids {
		out = append(out, id, w.key.Pseudonym(kind, id))
		if _, err := model.ParseUUID(id); err == nil {
			out = append(out, strings.ToLower(id), strings.ToUpper(id))
		}
	}
	return out
}

func (w finder) findRows(ctx context.Context) error {
	peers := make([]pgtype.UUID, 0, 2*len(w.ParticipantIDs))
	for _, id := range w.ParticipantIDs {
		peers = append(peers, warehouse.UUID(id), warehouse.UUID(w.key.PseudonymUUID(id)))
	}
	where := `(p.user_id = ANY ($1) OR p.custom_participant_id = ANY ($2))`
	if len(peers) > 0 { // no index leads to a participant's id alone
		where = `(p.user_id = ANY ($1) OR p.custom_participant_id = ANY ($2) OR p.participant_id = ANY ($4))`
	} else {
		where += ` AND $4::uuid[] IS NOT NULL`
	}
	rows, err := w.tx.Query(ctx, `SELECT `+personColumns+` WHERE ($3 = '' OR s.app_id = $3) AND `+where,
		w.values(privacy.UserID, w.UserIDs), w.values(privacy.CustomID, w.CustomIDs), w.AppID, peers)
	if err != nil {
		return err
	}
	w.rows, err = pgx.CollectRows(rows, scanPersonRow)
	if w.Mode == privacy.Pseudonymise {
		w.rows = slices.DeleteFunc(w.rows, func(r personRow) bool { return privacy.IsErased(&r.participant) })
	}
	return err
}

// personColumns are those that scanPersonRow reads, and where they are from.
const personColumns = `p.session_id, s.app_id, p.participant_id, coalesce(p.user_id, ''),
		coalesce(p.custom_participant_id, ''), coalesce(p.display_name, ''), p.repairs::text
	FROM realtimekit.participants AS p JOIN realtimekit.sessions AS s USING (session_id)`

func scanPersonRow(row pgx.CollectableRow) (r personRow, err error) {
	var session, id pgtype.UUID
	var repairs pgtype.Text
	p := &r.participant
	err = row.Scan(&session, &r.appID, &id, &p.UserID, &p.CustomParticipantID, &p.DisplayName, &repairs)
	r.session, p.ID = session.Bytes, id.Bytes
	if err == nil && repairs.Valid {
		err = json.Unmarshal([]byte(repairs.String), &p.Repairs)
	}
	return r, err
}

func (w finder) findPeople(ctx context.Context) error {
	rows, err := w.tx.Query(ctx, `SELECT `+enrolledColumns+`
		WHERE ($3 = '' OR app_id = $3) AND (meeting_participant_id = ANY ($1) OR custom_participant_id = ANY ($2))`,
		w.values(privacy.UserID, w.UserIDs), w.values(privacy.CustomID, w.CustomIDs), w.AppID)
	if err != nil {
		return err
	}
	return w.collectPeople(rows)
}

// enrolledColumns are those that collectPeople reads, and where they are from.
const enrolledColumns = `app_id, meeting_id, meeting_participant_id, coalesce(custom_participant_id, ''), repairs::text
	FROM realtimekit.meeting_participants`

func (w finder) collectPeople(rows pgx.Rows) error {
	defer rows.Close()
	w.people, w.homes = w.people[:0], w.homes[:0]
	for rows.Next() {
		var home meetingKey
		var p model.MeetingParticipant
		var repairs pgtype.Text
		if err := rows.Scan(&home.appID, &home.meetingID, &p.ID, &p.CustomParticipantID, &repairs); err != nil {
			return err
		}
		if w.Mode == privacy.Pseudonymise && privacy.IsPseudonym(p.ID) {
			continue
		}
		if repairs.Valid {
			if err := json.Unmarshal([]byte(repairs.String), &p.Repairs); err != nil {
				return err
			}
		}
		w.people, w.homes = append(w.people, p), append(w.homes, home)
	}
	return rows.Err()
}

// readAside reads whose the records are that could not be stored. A user_id that is nobody's
// says nothing of that, unless it was given.
func (w finder) readAside(ctx context.Context, nobody map[personKey]bool) error {
	rows, err := w.tx.Query(ctx, `SELECT entity, raw_text, coalesce(app_id, '') FROM sync.rejected_records WHERE $1 = '' OR app_id = $1`, w.AppID)
	if err != nil {
		return err
	}
	var entity, raw, app string
	_, err = pgx.ForEachRow(rows, []any{&entity, &raw, &app}, func() error {
		i := privacy.IdentityOf(raw)
		switch entity {
		case model.EntityParticipant:
		case model.EntityMeetingParticipant:
			i = privacy.Identity{UserID: i.ID, CustomID: i.CustomID}
		default:
			return nil
		}
		if nobody[personKey{app, i.UserID}] && !w.users[i.UserID] {
			i.UserID = ""
		}
		w.aside = append(w.aside, i)
		return nil
	})
	return err
}

// findPeers gathers the ids of the participants and of the peers that their
// events name, unless these are somebody else's.
func (w finder) findPeers(ctx context.Context) error {
	for _, id := range w.ParticipantIDs {
		w.peers[id.String()] = true
	}
	users := make(map[string]bool)
	for _, id := range w.values(privacy.UserID, w.UserIDs) {
		users[id] = true
	}
	for _, i := range w.aside {
		if id, err := model.ParseUUID(i.ID); err == nil && (w.isGiven(i.CustomID) || users[i.UserID]) {
			w.peers[id.String()] = true
		}
	}
	var sessions, participants []pgtype.UUID
	for i := range w.rows {
		if r := &w.rows[i]; !privacy.IsErased(&r.participant) {
			w.peers[r.participant.ID.String()] = true
			sessions, participants = append(sessions, warehouse.UUID(r.session)), append(participants, warehouse.UUID(r.participant.ID))
		}
	}
	rows, err := w.tx.Query(ctx, `SELECT DISTINCT t.peer_id, t.socket_session_id
		FROM unnest($1::uuid[], $2::uuid[]) AS k (session_id, participant_id)
		JOIN realtimekit.peer_events AS t USING (session_id, participant_id)
		WHERE t.peer_id IS NULL OR NOT EXISTS (
			SELECT 1 FROM realtimekit.participants AS p
			WHERE p.session_id = t.session_id AND p.participant_id::text = lower(t.peer_id) AND NOT p.participant_id = ANY ($2))`, sessions, participants)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var peer, socket pgtype.Text
		if err := rows.Scan(&peer, &socket); err != nil {
			return err
		}
		if _, err := model.ParseUUID(peer.String); err == nil {
			w.peers[peer.String] = true
		}
		for _, text := range []string{peer.String, socket.String} {
			if text != "" {
				w.plain = append(w.plain, privacy.Identifier{Kind: privacy.ParticipantID, Text: text})
			}
		}
	}
	return rows.Err()
}

// findRelated counts rows that share a custom id with those of a user_id or
// participant that was given, and are not asked for.
func (w finder) findRelated(ctx context.Context) error {
	customs := make(map[string]bool)
	for i := range w.rows {
		if c := w.rows[i].participant.CustomParticipantID; c != "" && !w.isGiven(c) {
			customs[c] = true
		}
	}
	if len(customs) == 0 {
		return nil
	}
	list := make([]string, 0, len(customs))
	for c := range customs {
		list = append(list, c)
	}
	sessions, participants := w.keys()
	return w.tx.QueryRow(ctx, `SELECT count(*) FROM realtimekit.participants AS p JOIN realtimekit.sessions AS s USING (session_id)
		WHERE p.custom_participant_id = ANY ($1) AND ($2 = '' OR s.app_id = $2) AND NOT EXISTS (
			SELECT 1 FROM unnest($3::uuid[], $4::uuid[]) AS k (session_id, participant_id)
			WHERE k.session_id = p.session_id AND k.participant_id = p.participant_id)`,
		list, w.AppID, sessions, participants).Scan(&w.counts.ParticipantsOfSameCustomID)
}

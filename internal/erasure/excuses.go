package erasure

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/privacy"
)

// An excuse is yours, and names the person as the views do: by the custom id, the user_id
// or the id of the participant.

// personKey is an id under which the views may know a person.
type personKey struct{ appID, id string }

// noteRows and notePeople keep whose the rows are, before these are overwritten.
func (w *erasure) noteRows() {
	for i := range w.rows {
		p := &w.rows[i].participant
		for _, id := range []string{p.CustomParticipantID, p.UserID, p.ID.String()} {
			w.note(w.rows[i].appID, id)
		}
	}
}

func (w *erasure) notePeople() {
	for i := range w.people {
		w.note(w.homes[i].appID, w.people[i].CustomParticipantID)
		w.note(w.homes[i].appID, w.people[i].ID)
	}
}

func (w *erasure) note(appID, id string) {
	if id != "" {
		w.gone = append(w.gone, personKey{appID, id})
	}
}

// given are the ids that were given, in every form.
func (w finder) given() []string {
	ids := slices.Concat(w.values(privacy.CustomID, w.CustomIDs), w.values(privacy.UserID, w.UserIDs))
	for _, id := range w.ParticipantIDs {
		ids = append(ids, id.String(), w.key.PseudonymUUID(id).String())
	}
	return ids
}

// stillThereSQL gives as whom of these ids people are stored: read by itself, since Citus may
// have these tables and not that of the excuses.
const stillThereSQL = `SELECT s.app_id, p.custom_participant_id FROM realtimekit.participants AS p JOIN realtimekit.sessions AS s USING (session_id)
		WHERE p.custom_participant_id = ANY ($1)
	UNION SELECT s.app_id, p.user_id FROM realtimekit.participants AS p JOIN realtimekit.sessions AS s USING (session_id) WHERE p.user_id = ANY ($1)
	UNION SELECT app_id, custom_participant_id FROM realtimekit.meeting_participants WHERE custom_participant_id = ANY ($1)
	UNION SELECT app_id, meeting_participant_id FROM realtimekit.meeting_participants WHERE meeting_participant_id = ANY ($1)`

// excuses removes those of the given people, and of people whose rows were erased and of
// whom nothing is left: whoever is erased by the user_id of one meeting may still be there
// in others. They are removed in either mode: a reason may tell of an illness.
func (w *erasure) excuses(ctx context.Context, given []string) error {
	apps, ids := split(w.gone)
	gone, err := w.keysOf(ctx, `SELECT DISTINCT app_id, person_id FROM analytics.excuses
		WHERE (app_id, person_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`, apps, ids)
	if err != nil {
		return err
	}
	if len(gone) > 0 {
		_, ids = split(gone)
		there, err := w.keysOf(ctx, stillThereSQL, ids)
		if err != nil {
			return err
		}
		gone = slices.DeleteFunc(gone, func(k personKey) bool { return slices.Contains(there, k) })
	}
	apps, ids = split(gone)
	tag, err := w.tx.Exec(ctx, `DELETE FROM analytics.excuses
		WHERE person_id = ANY ($1) AND ($2 = '' OR app_id = $2)
		   OR (app_id, person_id) IN (SELECT * FROM unnest($3::text[], $4::text[]))`, given, w.AppID, apps, ids)
	w.counts.Excuses += int(tag.RowsAffected())
	return err
}

func split(keys []personKey) (apps, ids []string) {
	for _, k := range keys {
		apps, ids = append(apps, k.appID), append(ids, k.id)
	}
	return apps, ids
}

func (w *erasure) keysOf(ctx context.Context, sql string, args ...any) ([]personKey, error) {
	rows, err := w.tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (k personKey, err error) {
		return k, row.Scan(&k.appID, &k.id)
	})
}

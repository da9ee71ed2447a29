package erasure

import (
	"context"
	"slices"

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

// excuses removes those of the given people, and of people whose rows were erased and of
// whom nothing is left: whoever is erased by the user_id of one meeting may still be there
// in others. They are removed in either mode: a reason may tell of an illness.
func (w *erasure) excuses(ctx context.Context, given []string) error {
	var apps, ids []string
	for _, k := range w.gone {
		apps, ids = append(apps, k.appID), append(ids, k.id)
	}
	tag, err := w.tx.Exec(ctx, `DELETE FROM analytics.excuses AS t
		WHERE person_id = ANY ($1) AND ($2 = '' OR app_id = $2)
		   OR (app_id, person_id) IN (SELECT * FROM unnest($3::text[], $4::text[]))
		      AND NOT EXISTS (SELECT FROM realtimekit.participants AS p JOIN realtimekit.sessions AS s USING (session_id)
		                      WHERE s.app_id = t.app_id AND p.custom_participant_id = t.person_id)
		      AND NOT EXISTS (SELECT FROM realtimekit.participants AS p JOIN realtimekit.sessions AS s USING (session_id)
		                      WHERE s.app_id = t.app_id AND p.user_id = t.person_id)
		      AND NOT EXISTS (SELECT FROM realtimekit.meeting_participants AS m
		                      WHERE m.app_id = t.app_id AND t.person_id IN (m.custom_participant_id, m.meeting_participant_id))`,
		given, w.AppID, apps, ids)
	w.counts.Excuses += int(tag.RowsAffected())
	return err
}
